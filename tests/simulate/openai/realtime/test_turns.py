"""Realtime: the caller's turns, and interrupting the agent."""

from __future__ import annotations

from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.simulate.openai.slowly import LONG, slow
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import manual, silence, talking, tone


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
