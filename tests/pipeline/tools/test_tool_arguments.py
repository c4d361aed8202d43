"""Arguments that are no JSON object, through every provider's own service: the tool's call is not lost."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.frames.frames import FunctionCallFromLLM, LLMFullResponseEndFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.base_llm import BaseOpenAILLMService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.tools.arguments import REPAIRS
from agentrun.pipeline.services import end_of_answer
from agentrun.pipeline.services.chat_stream import note_finish_reasons
from agentrun.providers import catalogue
from agentrun.tools.arguments.unreadable_arguments import KEY
from tests.pipeline.tools.test_tool_call_stream import Stream, call, chunk

CUT = '{"number": 7'
MORE: dict[str, dict[str, str]] = {
    "AzureLLMService": {"endpoint": "https://localhost/openai/v1"},
    "AzureRealtimeLLMService": {"base_url": "wss://localhost"},
    "AzureVoiceLiveLLMService": {"endpoint": "https://localhost"},
}
DONE = (
    *("azure.realtime:AzureRealtime", "azure.voice_live:AzureVoiceLive", "xai.realtime:GrokRealtime"),
    *("inworld.realtime:InworldRealtime", "openai.realtime:OpenAIRealtime"),
)


def made(path: str) -> Any:
    """The service at ``module:class``, which runs nothing and keeps the calls that it was to run."""
    module, _, name = path.partition(":")
    try:
        cls = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - Pipecat raises a bare one for a missing library
        pytest.skip(str(error))
    if name == "OLLamaLLMService":
        return cls()
    return cls(api_key="test", **MORE.get(name, {}))


def observed(service: Any) -> list[tuple[str, object]]:
    """The calls that ``service`` runs."""
    ran: list[tuple[str, object]] = []

    async def run(function_calls: Sequence[FunctionCallFromLLM]) -> None:
        ran.extend((each.function_name, each.arguments) for each in function_calls)

    async def push(*_: object) -> None:
        """Goes nowhere."""

    service.run_function_calls, service.push_frame = run, push
    note_finish_reasons(service)
    pipecat_private.assemble_tool_calls(service)
    pipecat_private.read_all_arguments(service)
    return ran


def chat_services() -> list[str]:
    """The catalogue's providers of chat completions, by where their class is."""
    paths = [str(each.cls) for each in catalogue.services() if each.kind == "llm"]
    return [path for path in paths if _is_chat(path)]


def _is_chat(path: str) -> bool:
    module, _, name = path.partition(":")
    try:
        return issubclass(getattr(importlib.import_module(module), name), BaseOpenAILLMService)
    except Exception:  # noqa: BLE001 - Pipecat raises a bare one for a missing library
        return False


async def test_every_provider_of_chat_completions_runs_every_call_and_says_why_it_ended() -> None:
    # importing them all takes seconds: none is imported where tests are collected
    paths = chat_services()
    assert len(paths) > 10
    for path in paths:
        await _runs_every_call(path)


async def _runs_every_call(path: str) -> None:
    service = made(path)
    calls = [call("order_status", CUT, 0, "a"), call("opening_hours", "", 0, "b")]
    stream = Stream([chunk({"tool_calls": calls}), chunk({}, "content_filter")])

    async def create(**_: object) -> AsyncIterator[Any]:
        return stream  # type: ignore[return-value]

    ran = observed(service)
    service._client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
    await service._process_context(LLMContext([{"role": "user", "content": "Hello."}]))
    assert [name for name, _ in ran] == ["order_status", "opening_hours"], path
    assert ran[0][1] == {KEY: CUT}, path
    assert stream.closed, path
    end = LLMFullResponseEndFrame()
    await service.push_frame(end)
    assert end_of_answer.reason_of(end, service) == "content_filter", path


@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize(
    ("text", "arguments"),
    [("", {}), ("null", {}), ('{"a": 1}', {"a": 1}), (CUT, {KEY: CUT}), ("[7]", {KEY: "[7]"})],
)
async def test_a_realtime_service_runs_the_call(name: str, text: str, arguments: object) -> None:
    module, _, cls = name.partition(":")
    service = made(f"pipecat.services.{module}.llm:{cls}LLMService")
    ran = observed(service)
    service._pending_function_calls["a"] = SimpleNamespace(name="order_status")
    event = SimpleNamespace(call_id="a", name="order_status", arguments=text)
    await service._handle_evt_function_call_arguments_done(event)
    assert ran == [("order_status", arguments)]


async def test_openai_live_runs_the_call() -> None:
    service = made("pipecat.services.openai.live.llm:OpenAILiveLLMService")
    ran = observed(service)
    item = {"type": "function_call", "status": "completed", "call_id": "a", "name": "order_status"}
    event = SimpleNamespace(delegation_id="d", event={"item": {**item, "id": "i", "arguments": CUT}})
    await service._handle_response_output_item_done(event)
    assert ran == [("order_status", {KEY: CUT})]


@pytest.mark.parametrize(("read", "arguments"), [(None, {}), ([7], {KEY: "[7]"}), ("x", {KEY: "x"})])
async def test_what_a_service_has_read_instead_of_an_object_becomes_one(read: Any, arguments: object) -> None:
    service = made("pipecat.services.openai.llm:OpenAILLMService")
    ran = observed(service)
    made_up = FunctionCallFromLLM("order_status", "a", read, LLMContext())
    await service.run_function_calls([made_up])
    assert ran == [("order_status", arguments)]


def test_the_services_still_read_arguments_where_they_are_repaired() -> None:
    """Of Nova Sonic the source alone is read: its library is not installed everywhere."""
    root = Path(str(find_spec("pipecat").origin)).parent / "services"  # type: ignore[union-attr]
    names = tuple(REPAIRS)
    readers = {
        str(path.relative_to(root)): [name for name in names if f"def {name}(self" in path.read_text()]
        for path in sorted(root.rglob("*llm.py"))
        if "json.loads(" in path.read_text() and "run_function_calls(" in path.read_text()
    }
    elsewhere = {"anthropic/llm.py", "aws/llm.py", "openai/base_llm.py", "openai/responses/llm.py"}
    elsewhere |= {"sambanova/llm.py", "ultravox/llm.py"}
    assert {path for path, methods in readers.items() if not methods} == elsewhere
    tool_use = (root / "aws/nova_sonic/llm.py").read_text()
    assert 'arguments = json.loads(tool_use["content"])' in tool_use
