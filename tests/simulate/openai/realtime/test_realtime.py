"""Realtime, event by event, as Pipecat reads it."""

from __future__ import annotations

import base64

from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.simulate.openai.slowly import LONG, slow
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import manual, talking

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
