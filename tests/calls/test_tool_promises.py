"""What ``@tool`` promises, on whole calls in both styles."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from agentrun import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from tests.calls.desk import STYLES
from tests.calls.quick import calls, quick_call

DONE, SURE = Answer("It is done."), Answer("Sure, go on.")


class Booking:
    """Books when it may; says how often it did."""

    def __init__(self) -> None:
        self.at_work, self.free, self.booked = asyncio.Event(), asyncio.Event(), list[int]()

    async def work(self, guests: int) -> str:
        self.at_work.set()
        await self.free.wait()
        self.booked.append(guests)
        return f"Booked for {guests}, number {len(self.booked)}."


@pytest.mark.parametrize("style", STYLES)
async def test_finish_lets_an_effect_end_and_its_result_reaches_the_model(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    booking = Booking()

    @tool(on_interrupt="finish")
    async def book(guests: int) -> str:
        """Book."""
        return await booking.work(guests)

    script = [calls("book", guests=4), SURE, DONE]
    async with quick_call(tmp_path, style, [build(book, "x")], script, resources=resources) as call:
        await call.say("Book a table.")
        await booking.at_work.wait()
        await call.say("And hurry.")
        await call.said(SURE.text)
        booking.free.set()
        await call.said(DONE.text)
        results = call.tool_results()
    assert booking.booked == [4]
    assert sum("Booked for 4, number 1." in result for result in results) == 1
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["ok"]


@pytest.mark.parametrize("style", STYLES)
async def test_a_repeated_call_after_an_interruption_books_once(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    booking = Booking()

    @tool(once_per_call=True)
    async def book(guests: int) -> str:
        """Book."""
        return await booking.work(guests)

    again = calls("book", guests=4)
    async with quick_call(
        tmp_path, style, [build(book, "x")], [again, again, DONE], resources=resources
    ) as call:
        await call.say("Book a table.")
        await booking.at_work.wait()
        await call.say("Hello?")
        await call.until(lambda: len(call.brain.asked) == len(["hello"] * (style == "realtime")) + 2)
        booking.free.set()
        await call.said(DONE.text)
        results = call.tool_results()
    assert booking.booked == [4]
    assert "Booked for 4, number 1." in results[-1]
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["cancelled", "ok"]


@pytest.mark.parametrize("style", STYLES)
async def test_nothing_is_booked_before_the_caller_has_confirmed(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    booking = Booking()
    booking.free.set()

    @tool(confirm=True)
    async def book(guests: int) -> str:
        """Book."""
        return await booking.work(guests)

    four, shall = calls("book", guests=4), Answer("Shall I book for four?")
    script = [four, four, shall, four, DONE]
    async with quick_call(tmp_path, style, [build(book, "x")], script, resources=resources) as call:
        await call.say("Book a table for four.")
        await call.said(shall.text)
        assert booking.booked == []
        assert "ask them to confirm" in call.tool_results()[-1]
        await call.say("Yes, please.")
        await call.said(DONE.text)
    assert booking.booked == [4]
    said = [entry.status for entry in call.record.transcript if entry.who == "tool"]
    assert said == ["unconfirmed", "unconfirmed", "ok"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("slow", [True, False])
async def test_a_slow_tool_s_words_are_said_and_a_quick_one_s_are_not(
    tmp_path: Path, style: str, slow: bool, resources: Resources
) -> None:
    booking, words = Booking(), Answer("Let me look that up.")
    if not slow:
        booking.free.set()

    @tool(say=words.text, say_after="200ms")
    async def book(guests: int) -> str:
        """Book."""
        return await booking.work(guests)

    fillers = [words] if slow and style == "realtime" else []
    script = [calls("book", guests=4), *fillers, DONE]
    async with quick_call(tmp_path, style, [build(book, "x")], script, resources=resources) as call:
        await call.say("Book a table.")
        if slow:
            await call.said(words.text)
            booking.free.set()
        await call.said(DONE.text)
    spoken = [text for text in call.voice.spoken if text == words.text]
    assert len(spoken) == slow


@pytest.mark.parametrize("style", STYLES)
async def test_a_plain_tool_acts_on_the_call_from_its_thread(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    words = Answer("One moment.")
    address: list[str] = []

    def look_up(call: Call) -> str:
        """Look up."""
        call.run(call.say(words.text))
        call.state["looked"] = call.state.get("looked", 0) + 1
        return f"status {call.run(call.http.get(address[0])).status_code}"

    fillers = [words] if style == "realtime" else []
    script = [calls("look_up"), *fillers, DONE]
    async with quick_call(tmp_path, style, [build(look_up, "x")], script, resources=resources) as call:
        address.append(call.session.parts.connection.call.environ["OPENAI_BASE_URL"])
        await call.say("Look it up.")
        await call.said(DONE.text)
        assert call.tool_results()[-1] == '"status 404"'
        assert call.session.parts.connection.call.state == {"looked": 1}
    assert words.text in call.voice.spoken


async def test_awaiting_in_the_loop_by_run_is_an_error_that_says_so(
    tmp_path: Path, resources: Resources
) -> None:
    async def look_up(call: Call) -> str:
        """Look up."""
        call.run(call.say("Hm."))
        return "never"

    script = [calls("look_up"), DONE]
    async with quick_call(tmp_path, "cascaded", [build(look_up, "x")], script, resources=resources) as call:
        await call.say("Look it up.")
        await call.said(DONE.text)
        assert "look_up failed" in call.tool_results()[-1]


@pytest.mark.parametrize("style", STYLES)
async def test_two_tools_of_one_answer_work_side_by_side(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    both = threading.Barrier(2)

    def meet(who: str) -> str:
        """Meet."""
        both.wait(10)
        return f"met {who}"

    asked = Answer(calls=(ToolCall("meet", {"who": "Ada"}), ToolCall("meet", {"who": "Bo"})))
    async with quick_call(tmp_path, style, [build(meet, "x")], [asked, DONE], resources=resources) as call:
        await call.say("Meet them.")
        await call.said(DONE.text)
        # whichever is done first is told first
        assert sorted(result for result in call.tool_results() if "met" in result) == [
            '"met Ada"',
            '"met Bo"',
        ]
        call.brain.assert_complete()


@pytest.mark.parametrize("style", STYLES)
async def test_the_model_answers_once_when_all_tools_of_its_answer_are_done(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    async def look(seconds: float) -> str:
        """Look."""
        await asyncio.sleep(seconds)
        return f"looked for {seconds} s"

    asked = Answer(calls=(ToolCall("look", {"seconds": 0.0}), ToolCall("look", {"seconds": 0.7})))
    async with quick_call(tmp_path, style, [build(look, "x")], [asked, DONE], resources=resources) as call:
        await call.say("Look twice.")
        await call.said(DONE.text)
        assert sum("looked" in result for result in call.tool_results()) == 2
        call.brain.assert_complete()


async def test_a_tool_that_blocks_on_one_call_delays_no_other_call(
    tmp_path: Path, resources: Resources
) -> None:
    gate, blocked, ended = threading.Event(), threading.Event(), threading.Event()

    @tool(timeout=60)
    def block() -> str:
        """Block."""
        blocked.set()
        gate.wait(60)
        ended.set()
        return "late"

    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    blocking = quick_call(
        folders[0], "cascaded", [build(block, "x")], [calls("block"), DONE], resources=resources
    )
    other = quick_call(folders[1], "cascaded", [], [SURE], resources=resources)
    async with blocking as one, other as two:
        await one.say("Go.")
        await asyncio.to_thread(blocked.wait, 20)
        await two.say("Hello?")
        await two.said(SURE.text)
        assert not ended.is_set()
        gate.set()
        await one.said(DONE.text)
