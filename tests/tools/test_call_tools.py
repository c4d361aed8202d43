"""``once_per_call`` and ``confirm``: what a call's tools may do again, and what is asked first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from agentrun import Call, ToolError, tool
from agentrun.tools.build import build
from agentrun.tools.call_tools import CallTools
from agentrun.tools.tool import Tool


class Booking:
    """A tool that writes down each time it runs, and waits for ``free`` before it ends."""

    def __init__(self, error: Exception | None = None, **options: Any) -> None:
        self.booked: list[int] = []
        self.began, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()
        self.error = error

        @tool(**options)
        async def book(guests: int, name: str = "Ada") -> str:
            """Book."""
            self.booked.append(guests)
            self.began.set()
            await self.free.wait()
            if self.error:
                raise self.error
            return f"{name}: {len(self.booked)}"

        self.tool: Tool = build(book, "desk")


def answers(tools: CallTools) -> None:
    """The caller hears the agent, and speaks."""
    tools.agent_heard()
    tools.caller_spoke()


async def test_a_repeated_identical_call_gets_the_first_result(call: Call) -> None:
    booking, tools = Booking(once_per_call=True), CallTools()
    first = await tools.run(booking.tool, call, {"guests": 4, "name": "Bo"})
    again = await tools.run(booking.tool, call, {"name": "Bo", "guests": 4})
    other = await tools.run(booking.tool, call, {"guests": 5, "name": "Bo"})
    assert [first.text, again.text, other.text] == ["Bo: 1", "Bo: 1", "Bo: 2"]
    assert booking.booked == [4, 5]


async def test_a_repeated_call_waits_for_the_first_one_that_still_runs(call: Call) -> None:
    booking, tools = Booking(once_per_call=True), CallTools()
    booking.free.clear()
    both = [asyncio.create_task(tools.run(booking.tool, call, {"guests": 4})) for _ in range(2)]
    await booking.began.wait()
    booking.free.set()
    assert {outcome.text for outcome in await asyncio.gather(*both)} == {"Ada: 1"}


async def test_a_cancelled_call_goes_on_and_its_result_is_kept_for_the_next(call: Call) -> None:
    booking, tools = Booking(once_per_call=True), CallTools()
    booking.free.clear()
    first = asyncio.create_task(tools.run(booking.tool, call, {"guests": 4}))
    await booking.began.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    booking.free.set()
    assert (await tools.run(booking.tool, call, {"guests": 4})).text == "Ada: 1"
    assert booking.booked == [4]


@pytest.mark.parametrize(("error", "runs"), [(ToolError("Full."), 2), (ZeroDivisionError(), 1)])
async def test_only_what_was_refused_in_words_may_be_tried_again(
    call: Call, error: Exception, runs: int
) -> None:
    booking, tools = Booking(error, once_per_call=True), CallTools()
    for _ in range(2):
        await tools.run(booking.tool, call, {"guests": 4})
        await asyncio.sleep(0)
    assert len(booking.booked) == runs


async def test_the_end_of_the_call_stops_what_nobody_waits_for(call: Call) -> None:
    booking, tools = Booking(once_per_call=True), CallTools()
    booking.free.clear()
    waiting = asyncio.create_task(tools.run(booking.tool, call, {"guests": 4}))
    await booking.began.wait()
    await tools.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_a_tool_runs_only_after_the_caller_has_spoken_about_the_same_arguments(call: Call) -> None:
    booking, tools = Booking(confirm=True), CallTools()
    said = []
    for spoken, guests in ((True, 4), (False, 4), (True, 5), (False, 5), (True, 5), (False, 5)):
        if spoken:
            answers(tools)
        said.append((await tools.run(booking.tool, call, {"guests": guests})).status)
    assert said == ["unconfirmed"] * 4 + ["ok", "unconfirmed"]
    assert booking.booked == [5]


async def test_the_model_is_told_to_ask_the_caller(call: Call) -> None:
    outcome = await CallTools().run(Booking(confirm=True).tool, call, {"guests": 4})
    assert "ask them to confirm" in outcome.text
    assert "call book again with the same arguments" in outcome.text


async def test_the_caller_is_not_asked_about_arguments_that_do_not_fit(call: Call) -> None:
    outcome = await CallTools().run(Booking(confirm=True).tool, call, {"guests": "many"})
    assert (outcome.status, outcome.text[:29]) == ("refused", "Argument 'guests' is 'many': ")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: tool(timeout="5"), "timeout: '5' is not a duration; write 800ms, 30s or 15m"),
        (lambda: tool(say_after="0s"), "say_after=0s is not a number of seconds above 0"),
        (lambda: tool(on_interrupt=cast("Any", "stop")), "on_interrupt='stop' is not one of cancel, finish"),
    ],
)
def test_an_option_that_does_not_fit_is_an_error(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


def test_durations_are_seconds_or_text_with_a_unit() -> None:
    @tool(timeout="3s", say="One moment.", say_after="700ms", on_interrupt="finish")
    def book() -> None:
        """Book."""

    built = build(book, "desk")
    assert (built.timeout, built.say, built.say_after, built.on_interrupt) == (
        3,
        "One moment.",
        0.7,
        "finish",
    )


@pytest.mark.parametrize(
    "way", [*({"guests": guests} for guests in (2, "2", 2.0, "2.0")), {"guests": 2, "name": "Ada"}]
)
async def test_the_same_order_in_other_words_is_the_same_order(call: Call, way: dict[str, Any]) -> None:
    booking, tools = Booking(once_per_call=True), CallTools()
    told = [(await tools.run(booking.tool, call, given)).text for given in ({"guests": 2}, way, way)]
    assert booking.booked == [2]
    assert told == ["Ada: 1"] * 3


async def test_an_optional_argument_that_is_null_is_one_that_was_left_out(call: Call) -> None:
    runs: list[str | None] = []

    @tool(once_per_call=True)
    def order(item: str, note: str | None = None, rush: bool = False) -> str:
        """Order."""
        runs.append(note)
        return "ordered"

    tools, built = CallTools(), build(order, "desk")
    for given in (
        {"item": "tea"},
        {"item": "tea", "note": None},
        {"item": "tea", "rush": False},
        {"item": "tea", "rush": "false"},
        {"rush": 0, "item": "tea", "note": None},
    ):
        await tools.run(built, call, given)
    assert runs == [None]
    await tools.run(built, call, {"item": "tea", "note": ""})
    assert runs == [None, ""], "an empty note is another order"


async def test_another_servers_tool_is_compared_as_its_schema_says(call: Call) -> None:
    runs: list[object] = []

    async def run(call: Call, arguments: Any) -> str:
        runs.append(arguments)
        return "ordered"

    shape = {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "size": {"type": "string", "default": "M"},
            "extra": {"type": "array", "items": {"type": "number"}},
        },
    }
    built = Tool("order", "Order.", shape, "mcp", "mcp shop", run, once_per_call=True)
    tools = CallTools()
    for given in (
        {"count": 2},
        {"count": "2"},
        {"count": 2.0, "size": "M"},
        {"count": 2, "extra": None},
    ):
        await tools.run(built, call, given)
    assert len(runs) == 1
    await tools.run(built, call, {"count": 2, "extra": [1, "2"]})
    await tools.run(built, call, {"count": 2, "extra": ["1", 2.0]})
    await tools.run(built, call, {"count": "two"})
    assert len(runs) == 3


@pytest.mark.parametrize("turns", [2, 3])
async def test_a_question_that_was_declined_is_asked_anew(call: Call, turns: int) -> None:
    """The caller says no, speaks of something else, and the model comes back to it."""
    booking, tools = Booking(confirm=True), CallTools()
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "unconfirmed"
    for _ in range(turns):
        answers(tools)
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "unconfirmed"
    assert booking.booked == []
    answers(tools)
    assert (await tools.run(booking.tool, call, {"guests": "4"})).status == "ok"


async def test_half_a_surrogate_and_endless_nesting_cost_no_call(call: Call) -> None:
    booking, tools = Booking(once_per_call=True, confirm=True), CallTools()
    await tools.run(booking.tool, call, {"guests": 1, "name": "\ud83d"})
    answers(tools)
    outcome = await tools.run(booking.tool, call, {"guests": 1, "name": "\ud83d"})
    assert (outcome.status, outcome.text) == ("ok", "?: 1")
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert (await tools.run(booking.tool, call, {"guests": deep})).status == "refused"


async def test_an_agreement_that_is_cut_in_two_is_one(call: Call) -> None:
    booking, tools = Booking(confirm=True), CallTools()
    await tools.run(booking.tool, call, {"guests": 4})
    tools.agent_heard()
    for _ in ("Yes.", "Please go ahead.", "Thank you."):
        tools.caller_spoke()
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "ok"


async def test_a_question_that_nobody_has_heard_is_not_confirmed(call: Call) -> None:
    booking, tools = Booking(confirm=True), CallTools()
    answers(tools)
    await tools.run(booking.tool, call, {"guests": 4})
    tools.caller_spoke()
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "unconfirmed"
    answers(tools)
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "ok"


async def test_who_goes_on_agreeing_while_the_tool_works_is_not_asked_anew(call: Call) -> None:
    booking, tools = Booking(confirm=True), CallTools()
    await tools.run(booking.tool, call, {"guests": 4})
    answers(tools)
    booking.free.clear()
    working = asyncio.create_task(tools.run(booking.tool, call, {"guests": 4}))
    await booking.began.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    tools.caller_spoke()
    booking.free.set()
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "ok"
    assert (await tools.run(booking.tool, call, {"guests": 4})).status == "unconfirmed", "once for each yes"


async def test_the_same_name_in_other_letters_is_what_was_agreed_to(call: Call) -> None:
    booking, tools = Booking(confirm=True), CallTools()
    await tools.run(booking.tool, call, {"guests": 4, "name": "Ada Lovelace"})
    answers(tools)
    assert (await tools.run(booking.tool, call, {"guests": 4, "name": "ada  lovelace"})).status == "ok"


async def test_after_too_many_rounds_for_one_answer_the_model_is_told_to_answer(call: Call) -> None:
    booking, tools = Booking(), CallTools(most_rounds=2)
    outcomes = []
    for _ in range(3):
        with tools.at_work(), tools.at_work():
            outcomes.append(await tools.run(tools.allowed(booking.tool), call, {"guests": 4}))
    assert [outcome.status for outcome in outcomes] == ["ok", "ok", "refused"]
    assert "book was not run" in outcomes[-1].text
    assert len(booking.booked) == 2
    answers(tools)
    with tools.at_work():
        assert tools.allowed(booking.tool) is booking.tool, "the caller has spoken"


@pytest.mark.parametrize("name", ["hang_up", "transfer", "handoff", "leave_voicemail"])
def test_after_too_many_rounds_the_call_may_still_be_ended_or_handed_on(name: str) -> None:
    @tool(name=name)
    def last_word() -> None:
        """End it."""

    own, others, tools = build(last_word, "agentrun"), build(last_word, "desk"), CallTools(most_rounds=2)
    runs = []
    for _ in range(8):
        with tools.at_work():
            runs.append((tools.allowed(own) is own, tools.allowed(others) is others))
    assert [run[0] for run in runs] == [True] * 5 + [False] * 3, "a few times, and not for ever"
    assert [run[1] for run in runs] == [True] * 2 + [False] * 6


async def test_rounds_may_be_without_a_bound(call: Call) -> None:
    booking, tools = Booking(), CallTools()
    for _ in range(100):
        with tools.at_work():
            assert (await tools.run(tools.allowed(booking.tool), call, {"guests": 4})).status == "ok"
