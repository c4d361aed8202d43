"""What a tool has done in a call stays done when another machine goes on with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from agentrun.call import Call
from agentrun.tools.call_tools import UNKNOWN, CallTools
from agentrun.tools.tool import Tool

CALL = Call("CA1", "desk", "twilio")


def booking(done: list[int], wait: asyncio.Event | None = None) -> Tool:
    async def book(call: Call, arguments: Any) -> str:
        done.append(arguments["guests"])
        if wait:
            await wait.wait()
        return f"Booked for {arguments['guests']}."

    return Tool("book", "", {}, plugin="", origin="", run=book, once_per_call=True)


async def test_a_tool_that_ran_elsewhere_gives_what_it_gave_there() -> None:
    done: list[int] = []
    first, second = CallTools(), CallTools()
    await first.run(booking(done), CALL, {"guests": 4})
    second.resume(first.snapshot()["runs"])
    outcome = await second.run(booking(done), CALL, {"guests": 4.0})
    assert (outcome.status, outcome.text) == ("ok", "Booked for 4.")
    assert done == [4]
    await second.run(booking(done), CALL, {"guests": 5})
    assert done == [4, 5], "another order is another"


async def test_a_tool_that_was_at_work_when_the_machine_died_is_not_run_again() -> None:
    done: list[int] = []
    first, second = CallTools(), CallTools()
    running = asyncio.create_task(first.run(booking(done, asyncio.Event()), CALL, {"guests": 4}))
    while not done:  # noqa: ASYNC110 - a task of this loop
        await asyncio.sleep(0)
    second.resume(first.snapshot()["runs"])
    await first.close()
    running.cancel()
    outcome = await second.run(booking(done), CALL, {"guests": 4})
    assert (outcome.status, outcome.text) == ("failed", UNKNOWN.format(name="book"))
    assert done == [4]
    third = CallTools()
    third.resume(second.snapshot()["runs"])
    assert (await third.run(booking(done), CALL, {"guests": 4})).status == "failed", "nor by a third one"


async def test_that_it_begins_is_known_before_it_does() -> None:
    done: list[int] = []
    known: list[Any] = []
    tools = CallTools()

    async def begins(runs_once: bool) -> None:
        known.append((runs_once, tools.snapshot(), list(done)))

    tools.on_begin = begins
    tool = booking(done)
    await tools.run(tool, CALL, {"guests": 4})
    await tools.run(replace(tool, name="look", once_per_call=False), CALL, {"guests": 4})
    run = ["book", '{"guests":4}', "", ""]
    assert known[0] == (True, {"runs": [run], "unfinished": []}, [])
    booked = [*run[:2], "ok", "Booked for 4."]
    assert known[1] == (False, {"runs": [booked], "unfinished": [["look", '{"guests":4}']]}, [4])
    assert tools.snapshot()["unfinished"] == []
