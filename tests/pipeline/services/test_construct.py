"""Services of all providers are built from their plans, without a network."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.services.openai.base_llm import BaseOpenAILLMService
from pipecat.transcriptions.language import Language

from agentrun.errors import SetupError
from agentrun.pipeline.services.construct import construct, imported, load, try_out
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.providers import catalogue, from_class, installed
from agentrun.providers.service import Kind, Service
from tests.providers.walk import environ_of, named, plan_of

BUILT = [s for s in catalogue.services() if s.provider != "openai" and installed.is_installed(s)]
FILES = [s for s in BUILT if any(v.argument == "credentials" for v in s.variables)]
"""Google's, which read a file of credentials at once."""
LOCAL = ("whisper", "moonshine", "kokoro", "piper", "pockettts")
"""Those that load a model when they are built."""
NAMED = {("tts", "sarvam"): "bulbul:v3"}


@pytest.fixture
async def resources() -> AsyncIterator[Resources]:
    async with Resources() as resources:
        yield resources


def found(kind: Kind, provider: str) -> Service:
    service = catalogue.find(kind, provider)
    assert service is not None
    return service


def build(
    folder: Path, resources: Resources, kind: Kind, provider: str, settings: dict[str, Any] | None = None
) -> Any:
    service = found(kind, provider)
    model = NAMED.get((kind, provider), "a-model")
    given = {"model": f"{provider}/{model}", **(settings or {})}
    plan = plan_of(folder, service, given)
    spoken_to = kind in ("llm", "realtime")
    return construct(getattr(plan, kind), resources, "Be brief." if spoken_to else None)


@pytest.mark.filterwarnings("ignore:`XTTSService:DeprecationWarning")
@pytest.mark.parametrize(
    "service", [s for s in BUILT if s not in FILES and s.provider not in LOCAL], ids=named
)
async def test_every_installed_service_is_built(
    service: Service, tmp_path: Path, resources: Resources
) -> None:
    built = build(tmp_path, resources, service.kind, service.provider)
    module, _, name = str(service.cls).partition(":")
    assert (type(built).__module__, type(built).__name__) == (module, name)


def test_enough_services_are_built_here_and_the_others_are_known() -> None:
    built = {(s.kind, s.provider) for s in BUILT}
    wanted = {("stt", "deepgram"), ("tts", "cartesia"), ("llm", "anthropic"), ("llm", "google-gemini")}
    assert wanted | {("llm", "groq"), ("llm", "ollama"), ("realtime", "gemini-live")} <= built | {
        ("llm", "groq")
    }
    assert all(installed.command(s) for s in catalogue.services() if not installed.is_installed(s))


async def test_settings_reach_the_service_as_its_own_types(tmp_path: Path, resources: Resources) -> None:
    stt = build(tmp_path, resources, "stt", "deepgram", {"language": "de", "punctuate": False})
    assert (stt._settings.model, stt._settings.language) == ("a-model", Language.DE)
    assert stt._settings.punctuate is False
    tts = build(tmp_path, resources, "tts", "cartesia", {"generation_config": {"speed": 1.2}, "voice": "v"})
    assert (type(tts._settings.generation_config).__name__, tts._settings.voice) == ("GenerationConfig", "v")
    llm = build(tmp_path, resources, "llm", "anthropic", {"temperature": 1})
    assert (llm._settings.system_instruction, llm._settings.temperature) == ("Be brief.", 1)


async def test_a_speech_service_without_models_takes_the_name_as_its_voice(
    tmp_path: Path, resources: Resources
) -> None:
    assert build(tmp_path, resources, "tts", "deepgram")._settings.voice == "a-model"


async def test_an_openai_compatible_service_goes_to_its_own_address(
    tmp_path: Path, resources: Resources
) -> None:
    llm = build(tmp_path, resources, "llm", "ollama", {"base_url": "http://127.0.0.1:9/v1"})
    assert isinstance(llm, BaseOpenAILLMService)
    assert str(llm._client.base_url) == "http://127.0.0.1:9/v1/"


async def test_services_that_ask_for_a_session_share_one(tmp_path: Path, resources: Resources) -> None:
    first = build(tmp_path, resources, "tts", "speechify")
    assert first._session is resources.web_session()


async def test_instructions_reach_a_service_that_takes_them_in_an_object(
    tmp_path: Path, resources: Resources
) -> None:
    llm = build(tmp_path, resources, "realtime", "ultravox", {"max_duration": 60})
    assert (llm._params.system_prompt, llm._params.api_key) == ("Be brief.", "value")
    assert llm._params.max_duration.total_seconds() == 60


async def test_a_setting_that_the_service_refuses_is_told_before_a_call(
    tmp_path: Path, resources: Resources
) -> None:
    service = found("tts", "sarvam")
    plan = plan_of(tmp_path, service, {"model": "sarvam/none"})
    with pytest.raises(SetupError, match="Sarvam can't be built: Unsupported model 'none'"):
        try_out(plan, resources)


async def test_missing_libraries_are_told_with_what_installs_them(
    tmp_path: Path, resources: Resources
) -> None:
    service = found("stt", "deepgram-sagemaker")
    plan = plan_of(tmp_path, service, {}, environ_of(service))
    with pytest.raises(
        SetupError, match=r"(?s)Deepgram SageMaker can.t be imported.*pip install .*pipecat-ai\["
    ):
        try_out(plan, resources)


@pytest.mark.parametrize("service", FILES, ids=named)
async def test_a_file_of_credentials_is_read_and_its_absence_told(
    service: Service, tmp_path: Path, resources: Resources
) -> None:
    with pytest.raises(SetupError, match=r"can't be built: .*No such file"):
        build(tmp_path, resources, service.kind, service.provider)


@pytest.mark.parametrize("service", BUILT, ids=named)
def test_every_setting_goes_where_the_service_reads_it(service: Service) -> None:
    """To its constructor or a parent's, to what that is given whole, or to its settings: and to one alone."""
    cls = load(service)
    parameters: set[str] = set()
    for owner in inspect.getmro(cls):
        if inspect.isfunction(init := vars(owner).get("__init__")):
            kinds = inspect.signature(init).parameters
            parameters |= {*kinds}
            if all(one.kind is not one.VAR_KEYWORD for one in kinds.values()):
                break
    fields = {field.name for field in dataclasses.fields(from_class.settings_class(cls))}
    nested = {key for one in service.nested.values() for key in one.fields}
    for name, setting in service.settings.items():
        assert name in (nested | parameters if setting.argument else fields - nested), name
    assert {v.argument for v in service.variables} <= parameters | nested | {"credentials"}
    for name, one in service.nested.items():
        assert name in parameters
        assert {*one.fields} == {*imported(one.path, service).model_fields}


async def test_what_ultravox_is_set_to_and_its_tools_reach_its_calls(
    tmp_path: Path, resources: Resources
) -> None:
    voice = "87691b77-0174-4808-b73c-30000b334e14"
    given = {"model": "ultravox/ultravox-v0.7", "temperature": 0.3, "output_medium": "text", "voice": voice}
    plan = plan_of(tmp_path, found("realtime", "ultravox"), given)
    tools = ToolsSchema(standard_tools=[FunctionSchema("hang_up", "End the call.", {}, [])])
    assert plan.realtime
    built = construct(plan.realtime, resources, "Be brief.", tools)
    asked = built._params
    assert (asked.system_prompt, asked.model, str(asked.voice)) == ("Be brief.", "ultravox-v0.7", voice)
    assert (asked.temperature, asked.output_medium) == (0.3, "text")
    assert [tool.name for tool in built._selected_tools.standard_tools] == ["hang_up"]
