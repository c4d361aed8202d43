"""A span names the provider, not the class of a service."""

from __future__ import annotations

import re

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.services.openai.tts import OpenAITTSService

from agentrun.pipeline.services import build
from agentrun.pipeline.services.speech import openai as openai_speech
from agentrun.providers import catalogue
from agentrun.server.observability import provider_names, span_export
from agentrun.server.observability.provider_names import ProviderNames


@pytest.mark.parametrize(
    ("cls", "suffix"),
    [
        (build.ChatLLM, "LLMService"),
        (build.ResponsesLLM, "LLMService"),
        (openai_speech.OpenAISpeech, "TTSService"),
        (OpenAITTSService, "TTSService"),
        (OpenAIRealtimeSTTService, "STTService"),
    ],
)
def test_a_class_is_of_the_vendor_that_it_is_made_of(cls: type, suffix: str) -> None:
    assert ProviderNames().find(cls.__name__.replace(suffix, "").lower()) == "openai"


def test_a_language_model_s_provider_has_the_conventions_name() -> None:
    from pipecat.services.azure.realtime.llm import AzureRealtimeLLMService

    known = {each.value for each in gen_ai_attributes.GenAiProviderNameValues}
    found = ProviderNames().find(AzureRealtimeLLMService.__name__.replace("LLMService", "").lower())
    assert found == "azure.ai.openai"
    assert {found, *provider_names._IN_SPECS.values()} <= known


def test_every_provider_of_language_models_that_the_conventions_name_is_called_so() -> None:
    known = {each.value for each in gen_ai_attributes.GenAiProviderNameValues}
    makers = {re.split(r"[._]", value)[0] for value in known}
    services = [each for each in catalogue.services() if each.kind in ("llm", "realtime")]
    named = {each.provider for each in services if each.provider.partition("-")[0] in makers}
    assert named
    assert {provider_names.of_model(provider) for provider in named} <= known


def test_every_name_that_a_span_may_have_is_one_of_the_conventions() -> None:
    values = vars(gen_ai_attributes).values()
    ours = {name for name in span_export.TOLD if name.startswith("gen_ai.")}
    assert ours
    assert ours <= {value for value in values if isinstance(value, str)}


def test_every_operation_that_is_renamed_has_a_name_of_the_conventions() -> None:
    known = {each.value for each in gen_ai_attributes.GenAiOperationNameValues}
    assert set(span_export.OPERATIONS.values()) <= known


def test_a_class_that_is_loaded_later_is_known_too() -> None:
    names = ProviderNames()
    assert names.find("latervoice") == "latervoice"

    class LaterVoice(OpenAITTSService):
        """A voice of a plugin's."""

    assert names.find("latervoice") == "openai"
    assert LaterVoice.__mro__[1] is OpenAITTSService


@pytest.mark.parametrize("written", ["aws.bedrock", "gcp.gemini", "elsewhere", ""])
def test_what_is_no_class_s_name_stays(written: str) -> None:
    assert ProviderNames().find(written) == written
