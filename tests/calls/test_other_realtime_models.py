"""Realtime models of other providers that speak like OpenAI's: no fault of theirs silences a call."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pipecat.services.azure.voice_live.llm import AzureVoiceLiveLLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private.realtime import differences
from agentrun.pipeline.pipecat_private.realtime.missing_end import LATE_SECONDS
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses.realtime import reconnection, second_opinion, unheard_caller
from agentrun.session.responses.realtime.own_connections import GONE_SECONDS, RealtimeEnd
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.openai.realtime import client_secrets
from agentrun.testing import virtual_time
from tests.calls.heard import LIMIT, heard_after
from tests.calls.quick import LOUD, SILENCE, QuickCall, calls, quick_call
from tests.calls.realtime_server import Change, Event, Server, hours, same
from tests.calls.test_realtime_renewal import sessions

OPEN, AGAIN = "We are open from six to eleven.", "Once more."
Talk = Callable[[QuickCall, Server], Awaitable[None]]
ADDRESS = "ws://{address}/v1/realtime"
MODELS = {
    "xai": (f'{{{{model: xai/grok-voice-latest, base_url: "{ADDRESS}"}}}}', "XAI_API_KEY"),
    "azure": (
        f'{{{{model: azure/gpt-realtime, base_url: "{ADDRESS}?deployment=x"}}}}',
        "AZURE_REALTIME_API_KEY",
    ),
    "azure-voice-live": (
        f'{{{{model: azure-voice-live/gpt-realtime, endpoint: "{ADDRESS}"}}}}',
        "AZURE_VOICE_LIVE_API_KEY",
    ),
}


def as_xai(kind: str, fields: dict[str, Any]) -> list[Event]:
    """What differs: its session is set up at ``conversation.created``, and told of in other words."""
    if kind == "session.created":
        conversation = {"id": "c", "object": "realtime.conversation"}
        return [(kind, {"session": {}}), ("conversation.created", {"conversation": conversation})]
    if kind == "response.function_call_arguments.done":
        return [(kind, {**fields, "name": "hours"})]
    return [(kind, {"session": {}} if kind == "session.updated" else fields)]


def as_voice_live(kind: str, fields: dict[str, Any]) -> list[Event]:
    """What differs: the names are those that OpenAI had before."""
    if kind == "conversation.item.done":
        return []
    kind = kind.replace("response.output_audio", "response.audio")
    fields = {"session": {}} if kind.startswith("session.") else fields
    return [(kind.replace("conversation.item.added", "conversation.item.created"), fields)]


USUAL: dict[str, Change] = {"xai": as_xai, "azure": same, "azure-voice-live": as_voice_live}


def called(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    talk: Talk,
    *script: Answer,
    page: bool = False,
) -> QuickCall:
    """A call over a model of ``provider``."""
    server = Server(monkeypatch)
    server.change = USUAL[provider]
    monkeypatch.setattr(unheard_caller, "SPEECH_SECONDS", 0.2)
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: lambda _sound: True)
    monkeypatch.setattr(client_secrets, "opens", lambda *_: True)
    monkeypatch.setattr(AzureVoiceLiveLLMService, "_build_base_url", staticmethod(str))
    model, key = MODELS[provider]

    async def run() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(
                *(folder, "realtime", [hours()], script),
                resources=resources,
                apology=LOUD * 2,
                environ={key: "test"},
                overrides=[("pipeline.realtime", model)],
                page=page,
            ) as call,
        ):
            await talk(call, server)
            return call

    return virtual_time.run(run())


async def asked(call: QuickCall) -> None:
    """The caller asks, and hears something in time."""
    clock = asyncio.get_running_loop().time
    await call.transport.hear(LOUD + SILENCE * 2)
    since = clock()
    with contextlib.suppress(TimeoutError):
        await call.until(lambda: call.speaking, LIMIT + 1)
    await call.until(lambda: not call.speaking)
    assert heard_after(call, since) <= LIMIT, call.record.errors


def codes(call: QuickCall) -> list[str]:
    return [error.partition(":")[0] for error in call.record.errors]


@pytest.mark.parametrize("provider", MODELS)
def test_two_questions_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    async def talk(call: QuickCall, _server: Server) -> None:
        await asked(call)
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, calls("hours"), Answer(OPEN), Answer(AGAIN))
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN, AGAIN], [])


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("code", [1000, 1011, None])
def test_a_connection_that_ends_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, code: int | None
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        server.closes.append(code)
        await asked(call)
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, Answer("We were cut off."), Answer(OPEN))
    assert call.agent_words == ["Hello.", "We were cut off.", OPEN]
    # Voice Live's service tells of it, too
    assert [code for code in codes(call) if code != "unknown"] == ["realtime_lost"]
    assert call.record.ended_by == "caller"


@pytest.mark.parametrize("provider", MODELS)
def test_a_model_that_goes_deaf_is_apologised_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        server.change = lambda _kind, _fields: []
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, *[Answer(OPEN)] * 3)
    assert call.agent_words == ["Hello.", "I am sorry."]
    assert codes(call) == ["realtime_lost"]


ERROR: Event = ("error", {"error": {"type": "server_error", "code": "x", "message": "No.", "event_id": "e"}})


@pytest.mark.parametrize("provider", MODELS)
def test_an_error_of_the_server_s_costs_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        server.change = lambda kind, fields: [*USUAL[provider](kind, fields), ERROR]
        await asked(call)
        server.change = USUAL[provider]
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, Answer(OPEN), Answer(AGAIN))
    assert call.agent_words == ["Hello.", OPEN, AGAIN]
    assert sum(request.route == "realtime" for request in call.openai.requests) == 1
    assert len(call.record.errors) <= 3


def without_words(status: str, usual: Change) -> Change:
    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind == "response.done":
            return [(kind, {"response": {**fields["response"], "status": status, "output": []}})]
        of_answer = kind.startswith(("response.output", "response.content")) or "assistant" in str(fields)
        return [] if of_answer else usual(kind, fields)

    return change


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
def test_an_empty_answer_is_asked_for_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, status: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        change = without_words(status, USUAL[provider])

        def once(kind: str, fields: dict[str, Any]) -> list[Event]:
            if kind == "response.done":
                server.change = USUAL[provider]
            return change(kind, fields)

        server.change = once
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, Answer("Lost."), Answer(OPEN))
    assert call.agent_words == ["Hello.", OPEN]
    assert "realtime_empty" in codes(call)


@pytest.mark.parametrize("provider", MODELS)
def test_words_that_are_to_be_said_reach_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        await asked(call)
        await call.session.parts.voice.say("One moment.")
        await call.said(AGAIN)
        said = [event for event in server.taken if "One moment." in str(event)]
        assert [event["type"] for event in said] == ["conversation.item.create"]
        assert server.kinds()[-1] == "response.create"

    call = called(tmp_path, monkeypatch, provider, talk, Answer(OPEN), Answer(AGAIN))
    assert call.record.errors == []


@pytest.mark.parametrize("provider", MODELS)
def test_a_model_that_stops_in_mid_answer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        deltas: list[str] = []

        def stops(kind: str, fields: dict[str, Any]) -> list[Event]:
            deltas.extend([kind] * (kind == "response.output_audio.delta"))
            return [] if len(deltas) > 3 else USUAL[provider](kind, fields)

        server.change = stops
        await call.transport.hear(LOUD + SILENCE * 2)
        await call.until(lambda: call.speaking)
        await call.until(lambda: not call.speaking)
        since = asyncio.get_running_loop().time()
        await asyncio.sleep(2.0)
        server.change = USUAL[provider]
        await call.said(AGAIN)
        assert heard_after(call, since) <= LIMIT, call.record.errors

    call = called(tmp_path, monkeypatch, provider, talk, Answer(" ".join([OPEN] * 4)), Answer(AGAIN))
    assert codes(call) == ["realtime_stalled"]


@pytest.mark.parametrize("provider", MODELS)
def test_an_answer_that_is_refused_is_asked_for_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        def once(kind: str, fields: dict[str, Any]) -> list[Event]:
            if kind == "error":
                server.refused.clear()
            return USUAL[provider](kind, fields)

        await asked(call)
        server.change = once
        server.refused["response.create"] = ("server_error", "Try again.")
        call.session.parts.response_deadline.owed()
        since = asyncio.get_running_loop().time()
        await call.session.parts.voice.say("One moment.")
        await call.said(AGAIN)
        assert heard_after(call, since) < 3.0

    call = called(tmp_path, monkeypatch, provider, talk, Answer(OPEN), Answer(AGAIN))
    assert "refused_event" in codes(call)
    assert call.record.ended_by == "caller"


def without(usual: Change, *kinds: str) -> Change:
    return lambda kind, fields: [] if kind in kinds else usual(kind, fields)


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize(
    "lost", ["response.function_call_arguments.done", "response.done", "response.output_item.added"]
)
def test_a_tool_call_and_the_end_of_an_answer_are_known_without_their_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, lost: str
) -> None:
    async def talk(call: QuickCall, server: Server) -> None:
        server.change = without(USUAL[provider], lost)
        await asked(call)
        await asyncio.sleep(LATE_SECONDS + 1.0)
        await asked(call)
        await call.said(AGAIN)

    call = called(tmp_path, monkeypatch, provider, talk, calls("hours"), Answer(OPEN), Answer(AGAIN))
    assert (call.agent_words, call.tool_ended) == (["Hello.", OPEN, AGAIN], True)
    assert set(codes(call)) <= {"skipped_event"}


@pytest.mark.parametrize("provider", MODELS)
def test_a_session_is_renewed_in_a_pause_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, _server: Server) -> None:
        await asked(call)
        monkeypatch.setattr(reconnection, "RENEW_SECONDS", 0.1)
        await call.until(lambda: sessions(call) == 2)
        monkeypatch.setattr(reconnection, "RENEW_SECONDS", 3300.0)
        await asyncio.sleep(3.0)
        await asked(call)

    call = called(tmp_path, monkeypatch, provider, talk, Answer(OPEN), Answer(AGAIN))
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN, AGAIN], [])
    assert OPEN in str(call.brain.asked[-1].messages)


class Service:
    """A service that connects anew by itself, as Gemini's does."""

    def __init__(self) -> None:
        self._connection_task: asyncio.Task[object] | None = None

    def connect(self, seconds: float) -> None:
        self._connection_task = asyncio.ensure_future(asyncio.sleep(seconds))


@pytest.mark.parametrize(("back_after", "ends_at"), [(1.0, 16.0), (None, 5.0)])
async def test_the_end_of_a_service_s_own_connection_is_the_call_s(
    back_after: float | None, ends_at: float
) -> None:
    clock, given_up, service = asyncio.get_running_loop().time, list[str](), Service()

    async def give_up(reason: str) -> None:
        given_up.append(reason)

    async def come_back(seconds: float) -> None:
        await asyncio.sleep(seconds)
        service.connect(10.0)

    began = clock()
    watching = asyncio.ensure_future(RealtimeEnd(service, "the model", give_up, lambda: False).watch())
    await asyncio.sleep(1.0)
    service.connect(4.0)
    back = asyncio.ensure_future(come_back(4.0 + back_after)) if back_after else None
    await watching
    assert back is None or back.done()
    assert clock() - began == pytest.approx(ends_at + GONE_SECONDS, abs=0.5)
    assert given_up == ["realtime_lost: the connection of the model ended; " + given_up[0].partition("; ")[2]]


@pytest.mark.parametrize(
    "path",
    [
        "azure.voice_live.llm:AzureVoiceLiveLLMService",
        "inworld.realtime.llm:InworldRealtimeLLMService",
        "xai.realtime.llm:GrokRealtimeLLMService",
    ],
)
def test_what_is_read_and_written_of_services_that_speak_like_openai_s(path: str) -> None:
    module, _, name = path.partition(":")
    made = getattr(pytest.importorskip(f"pipecat.services.{module}"), name)
    arguments = {"base_url": "wss://example.com", "endpoint": "wss://example.com", "voice": "x", "model": "x"}
    taken = {key: value for key, value in arguments.items() if key in made.__init__.__annotations__}
    service = cast(OpenAIRealtimeLLMService, made(api_key="none", **taken))
    assert pipecat_private.speaks_like_openai(service)
    assert pipecat_private.realtime_is_deaf(service)
    assert not pipecat_private.realtime_is_ready(service)
    assert not pipecat_private.realtime_is_answering(service)
    read = (
        "_websocket",
        "_context",
        "_current_assistant_response",
        "_current_audio_response",
        "_disconnecting",
        "_llm_needs_conversation_setup",
    )
    assert [name for name in read if not hasattr(service, name)] == []
    assert hasattr(service, "_response_active") or hasattr(service, "_response_in_flight")
    own = differences.client_events(service)
    content = [own.ItemContent(type="input_text", text="Hello.")]
    item = own.ConversationItem(type="message", role="system", content=content)
    assert own.ConversationItemCreateEvent(item=item).item.role == "system"
    says_no = "not yet supported" in inspect.getsource(made._handle_messages_append)
    assert differences.takes_messages(service) is not says_no
