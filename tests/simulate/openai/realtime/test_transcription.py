"""Realtime transcription."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed

from agentrun.simulate.faults import Fault
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import Talk, manual, silence, talking, tone

PATH = "/v1/realtime?intent=transcription"
WORDS = "conversation.item.input_audio_transcription"


async def configure(talk: Talk, **audio: object) -> None:
    await talk.until("session.created")
    await talk.send("session.update", session={"type": "transcription", "audio": audio})
    await talk.until("session.updated")
    talk.events.clear()


async def test_words_come_in_pieces_and_then_whole() -> None:
    async with standing(heard="Did Duke win?") as it, talking(it.server, PATH) as talk:
        await configure(talk, **manual())
        await talk.append(tone(1.0))
        await talk.send("input_audio_buffer.commit")
        completed = await talk.until(f"{WORDS}.completed")
        assert it.hearing.heard == [1.0]
    assert talk.kinds() == ["input_audio_buffer.committed", *[f"{WORDS}.delta"] * 3, f"{WORDS}.completed"]
    assert (
        "".join(event["delta"] for event in talk.events[1:-1]) == completed["transcript"] == "Did Duke win?"
    )
    assert {event["item_id"] for event in talk.events} == {completed["item_id"]}


async def test_every_utterance_is_an_item_of_its_own() -> None:
    async with standing(heard="Hi") as it, talking(it.server, PATH) as talk:
        await configure(talk, **manual())
        items = []
        for seconds in (0.5, 0.8):
            await talk.append(tone(seconds))
            await talk.send("input_audio_buffer.commit")
            items.append((await talk.until(f"{WORDS}.completed"))["item_id"])
        assert it.hearing.heard == [0.5, 0.8]
    assert items[0] != items[1]


async def test_the_server_can_find_the_turns() -> None:
    async with standing(heard="Hi") as it, talking(it.server, PATH) as talk:
        await configure(talk, input={"turn_detection": {"type": "server_vad"}})
        await talk.append(silence(0.5) + tone(1.0) + silence(1.0))
        await talk.until(f"{WORDS}.completed")
    started, stopped, committed = talk.events[:3]
    assert [event["type"].rpartition(".")[2] for event in (started, stopped, committed)] == [
        "speech_started",
        "speech_stopped",
        "committed",
    ]
    assert started["item_id"] == stopped["item_id"] == committed["item_id"]


async def test_cleared_audio_is_not_transcribed() -> None:
    async with standing() as it, talking(it.server, PATH) as talk:
        await configure(talk, **manual())
        await talk.append(tone(1.0))
        await talk.send("input_audio_buffer.clear")
        await talk.until("input_audio_buffer.cleared")
        await talk.append(tone(0.3))
        await talk.send("input_audio_buffer.commit")
        await talk.until(f"{WORDS}.completed")
        assert it.hearing.heard == [0.3]


@pytest.mark.parametrize("text", ["no json", "[]", '{"type": "input_audio_buffer.append", "audio": "%%%"}'])
async def test_events_that_make_no_sense_are_answered_and_the_session_goes_on(text: str) -> None:
    async with standing() as it, talking(it.server, PATH) as talk:
        await configure(talk, **manual())
        await talk.socket.send(text)
        await talk.until("error")
        await talk.append(tone(0.3))
        await talk.send("input_audio_buffer.commit")
        await talk.until(f"{WORDS}.completed")


async def test_the_socket_can_be_closed_by_a_fault() -> None:
    async with standing() as it:
        it.server.conditions.faults["realtime"] = Fault("close", after=1)
        async with talking(it.server, PATH) as talk:
            await configure(talk, **manual())
            await talk.send("input_audio_buffer.clear")
            with pytest.raises(ConnectionClosed):
                await talk.next()
