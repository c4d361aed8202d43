"""Realtime, event by event, as Pipecat reads it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agentrun.simulate.doubles import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.engines import Answer, ToolCall
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import Talk, manual, silence, talking, tone

LONG = Answer("word " * 400)
SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


class SlowVoice(ToneVoice):
    """Speaks no faster than it is heard, so that there is time to interrupt."""

    async def speak(self, text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
        async for piece in super().speak(text, voice, speed):
            yield piece
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def slow(*answers: Answer) -> AsyncIterator[tuple[OpenAIServer, Talk]]:
    server = OpenAIServer(ScriptedHearing(["Stop."]), SlowVoice(), ScriptedBrain(answers))
    async with server, talking(server) as talk:
        yield server, talk


async def test_the_server_speaks_first_and_answers_every_update() -> None:
    async with standing() as it, talking(it.server) as talk:
        assert (await talk.next())["type"] == "session.created"
        for instructions in ("Be kind.", "Be brief."):
            await talk.send("session.update", session={"type": "realtime", "instructions": instructions})
            updated = await talk.next()
            assert updated["type"] == "session.updated"
            assert updated["session"]["instructions"] == instructions


async def test_a_spoken_response_comes_in_the_documented_order() -> None:
    async with standing(Answer("One two three.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.ask("Hi")
        talk.events.clear()
        await talk.send("response.create")
        done = await talk.until("response.done")
    assert talk.kinds() == SPOKEN
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"][0]["content"][0]["transcript"] == "One two three."
    assert done["response"]["usage"]


async def test_words_and_audio_come_in_pieces_that_name_their_place() -> None:
    async with standing(Answer("One two three four.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.send("response.create")
        await talk.until("response.done")
    item = next(e["item"]["id"] for e in talk.events if e["type"] == "response.output_item.added")
    audio = [event for event in talk.events if event["type"] == "response.output_audio.delta"]
    words = [event for event in talk.events if event["type"] == "response.output_audio_transcript.delta"]
    assert "".join(event["delta"] for event in words) == "One two three four."
    assert sum(len(base64.b64decode(event["delta"])) for event in audio) == int(0.6 * 24_000) * 2
    assert len(audio) > 1
    assert {event["item_id"] for event in audio + words} == {item}


async def test_a_function_call_is_known_before_its_arguments_are_done() -> None:
    tool = {"type": "function", "name": "get_scores", "parameters": {"type": "object"}}
    answers = (Answer(calls=(ToolCall("get_scores", {"who": "men"}),)), Answer("Duke won."))
    async with standing(*answers) as it, talking(it.server) as talk:
        await talk.configure(audio=manual(), tools=[tool], instructions="Be kind.")
        await talk.ask("Who won?")
        talk.events.clear()
        await talk.send("response.create")
        done = await talk.until("response.function_call_arguments.done")
        assert talk.kinds() == [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.done",
        ]
        added = talk.events[1]["item"]
        assert (added["type"], added["name"], added["call_id"]) == (
            "function_call",
            "get_scores",
            done["call_id"],
        )
        assert done["arguments"] == '{"who": "men"}'
        await talk.until("response.done")
        output = {"type": "function_call_output", "call_id": done["call_id"], "output": "Duke 78"}
        await talk.send("conversation.item.create", item=output)
        await talk.send("response.create")
        await talk.until("response.done")
        roles = [message["role"] for message in it.brain.asked[1].messages]
        assert roles == ["system", "user", "assistant", "tool"]
        assert it.brain.asked[0].tools[0]["function"]["name"] == "get_scores"
        it.brain.assert_complete()


@pytest.mark.parametrize(
    "detection",
    [
        {"type": "server_vad", "silence_duration_ms": 400},
        {"type": "semantic_vad", "eagerness": "high"},
        {"type": "semantic_vad", "eagerness": "low"},
        {"type": "semantic_vad", "eagerness": "auto"},
    ],
)
async def test_the_server_finds_the_callers_turn_and_answers_unasked(detection: dict[str, Any]) -> None:
    async with standing(Answer("One."), heard="Who won?") as it, talking(it.server) as talk:
        await talk.configure(audio={"input": {"turn_detection": detection}})
        talk.events.clear()
        await talk.append(silence(0.5) + tone(1.0) + silence(1.6))
        await talk.until("response.done")
        started, stopped, committed, _, transcribed = talk.events[:5]
    assert talk.kinds()[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
    ]
    assert started["item_id"] == stopped["item_id"] == committed["item_id"] == transcribed["item_id"]
    assert transcribed["transcript"] == "Who won?"
    assert 300 <= started["audio_start_ms"] <= 800
    assert 1.0 <= it.hearing.heard[0] <= 3.0


async def test_silence_starts_no_turn() -> None:
    async with standing() as it, talking(it.server) as talk:
        await talk.configure()
        await talk.append(silence(3) + tone(0.05) + silence(2))
        await talk.send("input_audio_buffer.clear")
        assert (await talk.next())["type"] == "input_audio_buffer.cleared"
        assert it.hearing.heard == []


async def test_a_turn_without_words_is_not_answered() -> None:
    async with standing(heard="") as it, talking(it.server) as talk:
        await talk.configure()
        await talk.append(tone(1.0) + silence(1.0))
        await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.send("input_audio_buffer.clear")
        assert (await talk.next())["type"] == "input_audio_buffer.cleared"
        assert it.brain.asked == []


async def test_without_turn_detection_the_client_commits_and_asks() -> None:
    async with standing(Answer("One."), heard="Who won?") as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.append(tone(1.0) + silence(1.5))
        await talk.send("input_audio_buffer.commit")
        await talk.until("conversation.item.input_audio_transcription.completed")
        await talk.send("response.create")
        await talk.until("response.done")
        assert it.hearing.heard == [2.5]
        assert it.brain.asked[0].messages[-1] == {"role": "user", "content": "Who won?"}


async def test_audio_that_was_cleared_is_forgotten() -> None:
    async with standing() as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.append(tone(1.0))
        await talk.send("input_audio_buffer.clear")
        await talk.append(tone(0.5))
        await talk.send("input_audio_buffer.commit")
        await talk.until("conversation.item.input_audio_transcription.completed")
        assert it.hearing.heard == [0.5]


async def test_an_empty_buffer_can_not_be_committed() -> None:
    async with standing() as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.send("input_audio_buffer.commit", event_id="mine")
        error = (await talk.until("error"))["error"]
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")


async def test_the_callers_voice_cancels_the_answer() -> None:
    async with slow(LONG, Answer("All right.")) as (_, talk):
        await talk.configure()
        await talk.ask("Hi")
        await talk.send("response.create")
        item = (await talk.until("response.output_item.added"))["item"]["id"]
        await talk.until("response.output_audio.delta")
        await talk.append(tone(0.5))
        await talk.until("input_audio_buffer.speech_started")
        done = (await talk.until("response.done"))["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"]["reason"] == "turn_detected"
        await talk.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=120)
        truncated = await talk.until("conversation.item.truncated")
        assert (truncated["item_id"], truncated["audio_end_ms"]) == (item, 120)
        await talk.append(silence(1.0))
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_what_was_not_heard_is_not_in_the_conversation() -> None:
    async with slow(LONG, Answer("All right.")) as (_, talk):
        await talk.configure(audio=manual())
        await talk.ask("Hi")
        await talk.send("response.create")
        item = (await talk.until("response.output_item.added"))["item"]["id"]
        await talk.until("response.output_audio.delta")
        await talk.send("response.cancel")
        await talk.until("response.done")
        await talk.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=0)
        await talk.until("conversation.item.truncated")
        await talk.send("conversation.item.retrieve", item_id=item)
        kept = (await talk.until("conversation.item.retrieved"))["item"]
    assert LONG.text not in str(kept["content"])


async def test_a_response_can_be_cancelled_and_another_asked_for() -> None:
    async with slow(LONG, Answer("One.")) as (_, talk):
        await talk.configure(audio=manual())
        await talk.send("response.create")
        await talk.until("response.output_audio.delta")
        await talk.send("response.cancel")
        assert (await talk.until("response.done"))["response"]["status"] == "cancelled"
        await talk.send("response.create")
        assert (await talk.until("response.done"))["response"]["status"] == "completed"


async def test_two_responses_at_once_are_refused() -> None:
    async with slow(LONG) as (_, talk):
        await talk.configure(audio=manual())
        await talk.send("response.create")
        await talk.until("response.created")
        await talk.send("response.create")
        assert (await talk.until("error"))["error"]["code"] == "conversation_already_has_active_response"


async def test_nothing_to_cancel_is_an_error_that_can_be_survived() -> None:
    async with standing(Answer("One.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        await talk.send("response.cancel")
        assert (await talk.until("error"))["error"]["code"] == "response_cancel_not_active"
        await talk.send("response.create")
        await talk.until("response.done")


async def test_items_can_be_retrieved_and_deleted() -> None:
    async with standing(Answer("One.")) as it, talking(it.server) as talk:
        await talk.configure(audio=manual())
        content = [{"type": "input_text", "text": "Hi"}]
        item = {"id": "mine", "type": "message", "role": "user", "content": content}
        await talk.send("conversation.item.create", item=item)
        await talk.send("conversation.item.retrieve", item_id="mine")
        assert (await talk.until("conversation.item.retrieved"))["item"]["content"] == content
        await talk.send("conversation.item.delete", item_id="mine")
        assert (await talk.until("conversation.item.deleted"))["item_id"] == "mine"
        await talk.send("conversation.item.retrieve", item_id="mine")
        assert (await talk.until("error"))["error"]["code"] == "item_retrieve_invalid_item_id"


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


async def test_two_sessions_at_once_do_not_mix() -> None:
    async with standing(Answer("One."), Answer("Two.")) as it:
        async with talking(it.server) as first, talking(it.server, "/ncaa/v1/realtime") as second:
            for talk in (first, second):
                await talk.configure(audio=manual())
            await first.ask("From the first.")
            await first.send("response.create")
            await first.until("response.done")
            await second.send("response.create")
            await second.until("response.done")
        asked = it.brain.asked
    assert [conversation.agent for conversation in asked] == ["", "ncaa"]
    assert "From the first." not in str(asked[1].messages)
