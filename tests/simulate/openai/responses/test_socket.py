"""The Responses socket: cancelling, queueing, and its limit."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.simulate.openai.standing import standing
from tests.simulate.openai.talking import talking

SOCKET = "/v1/responses"


class SlowBrain(ScriptedBrain):
    """Thinks for long enough to be interrupted."""

    async def answer(self, conversation: Conversation) -> Answer:
        await asyncio.sleep(0.2)
        return await super().answer(conversation)


def thinking(*answers: str) -> OpenAIServer:
    brain = SlowBrain([Answer(answer) for answer in answers])
    return OpenAIServer(ScriptedHearing(["Hi"]), ToneVoice(), brain)


@pytest.mark.parametrize("named", [True, False])
async def test_a_response_that_is_cancelled_is_incomplete_and_the_next_is_whole(named: bool) -> None:
    async with thinking("One two.", "Three.") as server, talking(server, SOCKET) as talk:
        await talk.send("response.create", input="Hi")
        begun = (await talk.until("response.created"))["response"]
        await talk.send("response.cancel", **({"response_id": begun["id"]} if named else {}))
        ended = (await talk.next())["response"]
        assert (ended["id"], ended["status"]) == (begun["id"], "incomplete")
        await talk.send("response.create", input="Hi", previous_response_id=begun["id"])
        assert (await talk.until("error"))["error"]["code"] == "previous_response_not_found"
        await talk.send("response.create", input="Hi")
        done = (await talk.until("response.completed"))["response"]
    assert done["output"][0]["content"][0]["text"] == "Three."


async def test_cancelling_what_is_over_says_nothing_that_the_next_response_could_take_for_its_own() -> None:
    async with standing(Answer("One."), Answer("Two.")) as it, talking(it.server, SOCKET) as talk:
        await talk.send("response.create", input="Hi")
        done = (await talk.until("response.completed"))["response"]
        await talk.send("response.cancel", response_id=done["id"])
        await talk.send("response.create", input="Hi")
        assert (await talk.next())["type"] == "response.created"
        await talk.until("response.completed")


async def test_responses_that_are_asked_for_at_once_come_one_after_the_other() -> None:
    async with thinking("One.", "Two.") as server, talking(server, SOCKET) as talk:
        for _ in range(2):
            await talk.send("response.create", input="Hi")
        for _ in range(2):
            await talk.until("response.completed")
    edges = [kind for kind in talk.kinds() if kind in ("response.created", "response.completed")]
    assert edges == ["response.created", "response.completed"] * 2


async def test_a_socket_ends_after_an_hour_with_an_error_that_says_so() -> None:
    minutes = [0.0]
    hearing, voice, brain = ScriptedHearing(["Hi"]), ToneVoice(), ScriptedBrain([])
    server = OpenAIServer(hearing, voice, brain, clock=lambda: minutes[0] * 60)
    async with server, talking(server, SOCKET) as talk:
        await talk.send("response.cancel")
        await asyncio.sleep(0.2)
        minutes[0] = 60.0
        assert (await talk.until("error"))["error"]["code"] == "websocket_connection_limit_reached"
        with pytest.raises(ConnectionClosed):
            await talk.next()


async def test_a_socket_that_hangs_is_open_and_silent() -> None:
    async with standing() as it:
        it.server.conditions.faults["responses"] = Fault("hang", times=1)
        async with talking(it.server, SOCKET) as talk:
            await talk.send("response.create", input="Hi")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talk.next(), 0.3)


async def test_a_caller_who_leaves_in_mid_thought_leaves_nothing_running() -> None:
    async with thinking("One.") as server:
        async with talking(server, SOCKET) as talk:
            await talk.send("response.create", input="Hi")
            await talk.until("response.created")
        await asyncio.sleep(0.1)
        assert not [task for task in asyncio.all_tasks() if "_until_closed" in repr(task)]
