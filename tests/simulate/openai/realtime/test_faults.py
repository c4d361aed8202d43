"""Realtime: what makes no sense, what breaks off, and what ends."""

from __future__ import annotations

import asyncio
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.slowly import LONG, slow
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import manual, talking


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"type": "tea"}',
        '{"type": "conversation.item.delete"}',
        '{"type": "conversation.item.truncate"}',
        '{"type": "conversation.item.create"}',
        '{"type": "conversation.item.create", "item": {"type": "function_call_output"}}',
        '{"type": "input_audio_buffer.append", "audio": "%%%"}',
        '{"type": "session.update", "session": []}',
        '{"type": "session.update", "session": {"audio": {"input": {"turn_detection": {"type": "tea"}}}}}',
    ],
)
async def test_events_that_make_no_sense_are_answered_and_the_session_goes_on(text: str) -> None:
    async with standing(Answer("One.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.socket.send(text)
        assert (await talk.until("error"))["error"]["type"] == "invalid_request_error"
        await talk.send("response.create")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_a_session_ends_after_an_hour_with_an_error_that_says_so() -> None:
    minutes = [0.0]
    hearing, voice, brain = ScriptedHearing(["Hi"]), ToneVoice(), ScriptedBrain([])
    server = OpenAIServer(hearing, voice, brain, clock=lambda: minutes[0] * 60)
    async with server, talking(server) as talk:
        await talk.configure()
        minutes[0] = 59.0
        await talk.send("input_audio_buffer.clear")
        await talk.until("input_audio_buffer.cleared")
        minutes[0] = 60.0
        assert (await talk.until("error"))["error"]["code"] == "session_expired"
        with pytest.raises(ConnectionClosed):
            await talk.next()


@pytest.mark.parametrize("key", ["", "Bearer", "Basic any"])
async def test_a_socket_without_a_key_is_refused(key: str) -> None:
    async with standing() as it:
        with pytest.raises(InvalidStatus) as caught:
            await _open(it.server, key)
    assert caught.value.response.status_code in (401, 403)


async def _open(server: OpenAIServer, key: str = "Bearer any") -> None:
    async with talking(server, key=key) as talk:
        await talk.until("session.created")


async def test_a_socket_can_be_refused_by_a_fault() -> None:
    async with standing() as it:
        it.server.conditions.faults["realtime"] = Fault("refuse", times=1)
        with pytest.raises(InvalidStatus):
            await _open(it.server)
        await _open(it.server)


async def test_an_error_event_is_a_fault_that_leaves_the_socket_open() -> None:
    async with standing() as it:
        it.server.conditions.faults["realtime"] = Fault("error", after=1)
        async with talking(it.server) as talk:
            await talk.configure()
            await talk.send("input_audio_buffer.clear")
            assert (await talk.until("error"))["error"]["code"] == "server_error"
            await talk.until("input_audio_buffer.cleared")


@pytest.mark.parametrize(("kind", "is_clean"), [("close", True), ("drop", False)])
async def test_a_socket_can_be_closed_or_dropped(kind: str, is_clean: bool) -> None:
    async with standing() as it:
        it.server.conditions.faults["realtime"] = Fault(kind, after=1)  # type: ignore[arg-type]
        async with talking(it.server) as talk:
            await talk.configure()
            await talk.send("input_audio_buffer.clear")
            with pytest.raises(ConnectionClosed) as caught:
                await talk.until("input_audio_buffer.cleared")
    assert (caught.value.rcvd is not None) is is_clean


async def test_a_caller_who_leaves_in_the_middle_leaves_nothing_running() -> None:
    async with slow(LONG) as (server, talk):
        await talk.configure(audio=manual())
        await talk.send("response.create")
        await talk.until("response.output_audio.delta")
        await talk.socket.close()
        async with talking(server) as other:
            await other.configure()
    assert not [task for task in asyncio.all_tasks() if "RealtimeResponse" in repr(task)]


async def test_a_socket_that_hangs_is_open_and_silent() -> None:
    async with standing() as it:
        it.server.conditions.faults["realtime"] = Fault("hang", times=1)
        async with talking(it.server) as talk:
            await talk.send("session.update", session={"type": "realtime"})
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talk.next(), 0.3)
        await _open(it.server)


TRANSCRIPTION = "/v1/realtime?intent=transcription"


@pytest.mark.parametrize("path", ["/v1/realtime", TRANSCRIPTION])
async def test_a_session_begins_as_late_as_it_is_told_to(path: str) -> None:
    async with standing() as it:
        it.server.conditions.latency["realtime"] = 0.2
        began = time.monotonic()
        async with talking(it.server, path) as talk:
            await talk.until("session.created")
        assert time.monotonic() - began >= 0.2


async def test_a_response_begins_as_late_as_it_is_told_to() -> None:
    async with standing(Answer("One.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        it.server.conditions.latency["responses"] = 0.2
        began = time.monotonic()
        await talk.send("response.create")
        await talk.until("response.created")
        assert time.monotonic() - began >= 0.2
