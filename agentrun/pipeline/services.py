"""A planned service becomes Pipecat's."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI
from pipecat.services.ai_service import AIService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transcriptions.language import Language

from agentrun.pipeline.resources import Resources
from agentrun.plan import ServicePlan

OPENAI_SPEECH_RATE = 24_000
"""Hz; OpenAI's speech endpoint has no other rate."""


class SharedClientLLM(OpenAILLMService):
    """Pipecat's OpenAI service over an HTTP client that all calls share.

    Pipecat's constructor takes no client and calls ``create_client`` while it runs.
    """

    def __init__(self, http_client: Any, **kwargs: Any) -> None:
        self._shared_http_client = http_client
        super().__init__(**kwargs)

    def create_client(
        self,
        api_key: Any = None,
        base_url: Any = None,
        organization: Any = None,
        project: Any = None,
        default_headers: Any = None,
        **_kwargs: Any,
    ) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            organization=organization,
            project=project,
            default_headers=default_headers,
            http_client=self._shared_http_client,
        )


def stt(plan: ServicePlan, resources: Resources) -> AIService:
    """Speech to text: hears the caller's utterance once it has ended."""
    settings = dict(plan.settings)
    if "language" in settings:
        settings["language"] = Language(settings["language"])
    return OpenAISTTService(
        api_key=plan.api_key,
        base_url=plan.base_url,
        http_client=resources.http_client,
        settings=OpenAISTTService.Settings(model=plan.model, **settings),
    )


def llm(plan: ServicePlan, instructions: str, resources: Resources) -> OpenAILLMService:
    """The language model, told ``instructions``."""
    settings = dict(plan.settings)
    tier = settings.pop("service_tier", None)
    return SharedClientLLM(
        resources.http_client,
        api_key=plan.api_key,
        base_url=plan.base_url,
        service_tier=tier,
        settings=OpenAILLMService.Settings(model=plan.model, system_instruction=instructions, **settings),
    )


def tts(plan: ServicePlan, resources: Resources) -> AIService:
    """Text to speech, always at 24 kHz; the transport brings it to the line's rate."""
    return OpenAITTSService(
        api_key=plan.api_key,
        base_url=plan.base_url,
        http_client=resources.http_client,
        sample_rate=OPENAI_SPEECH_RATE,
        settings=OpenAITTSService.Settings(model=plan.model, **plan.settings),
    )
