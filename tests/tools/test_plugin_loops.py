"""Plugins' async code on a server runs in loops of its own: one that blocks holds up no call's sound."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from loguru import logger

from agentrun import Call, ToolError, tool
from agentrun.call import Line
from agentrun.plugins import call_hooks
from agentrun.plugins.find import Source
from agentrun.plugins.tools import open_plugin
from agentrun.testing import virtual_time
from agentrun.tools.author_errors import AuthoredError
from agentrun.tools.build import build
from agentrun.tools.call_tools import CallTools
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running import plugin_loop, plugin_loops
from agentrun.tools.running.invoke import LEAVE_SECONDS, LET_GO_SECONDS, invoke
from agentrun.tools.running.plugin_loops import PluginLoops

CALL = Call(id="CA1", agent="desk", transport="twilio", from_number="+15551234567")
PATIENCE = 20.0
"""What nothing here takes; a broken test ends."""


@pytest.fixture
async def loops() -> AsyncIterator[PluginLoops]:
    async with plugin_loops.apart(httpx.AsyncClient) as made:
        yield made


async def run(function: Callable[..., Any], call: Call = CALL, **arguments: Any) -> Outcome:
    return await invoke(build(function, "desk", "desk"), call, arguments)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - threads set it
            await asyncio.sleep(0.005)


@pytest.mark.usefixtures("loops")
async def test_the_calls_go_on_while_a_tool_blocks() -> None:
    begun, over = threading.Event(), threading.Event()

    async def block() -> str:
        """Block until somebody else's code has run."""
        begun.set()
        return "done" if over.wait(PATIENCE) else "nobody else ran"

    running = asyncio.create_task(run(block))
    await until(begun.is_set)
    over.set()
    assert (await running).text == "done"


@pytest.mark.usefixtures("loops")
async def test_the_calls_go_on_while_a_tool_computes() -> None:
    begun, over = threading.Event(), threading.Event()

    async def compute() -> str:
        """Count."""
        begun.set()
        while not over.is_set():
            pass
        return "done"

    running = asyncio.create_task(run(compute))
    await until(begun.is_set)
    over.set()
    assert (await running).text == "done"


@pytest.mark.usefixtures("loops")
async def test_a_tool_that_blocks_past_its_timeout_is_left_behind() -> None:
    over = threading.Event()
    left: list[str] = []

    @tool(timeout=0.1)
    async def block() -> str:
        """Block."""
        over.wait(PATIENCE)
        return ""

    outcome = await invoke(build(block, "desk", "desk"), CALL, {}, lambda each: left.append(each.name))
    assert outcome.status == "timeout"
    await until(lambda: left)
    over.set()
    assert left == ["block"]


@pytest.mark.usefixtures("loops")
async def test_a_tool_is_cancelled_at_its_timeout_and_may_clean_up() -> None:
    cleaned, left = threading.Event(), list[str]()

    @tool(timeout=0.05)
    async def wait() -> str:
        """Wait."""
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            cleaned.set()
        return ""

    outcome = await invoke(build(wait, "desk", "desk"), CALL, {}, lambda each: left.append(each.name))
    assert outcome.status == "timeout"
    assert cleaned.is_set()
    await asyncio.sleep(LET_GO_SECONDS)
    assert not left


@pytest.mark.usefixtures("loops")
async def test_a_tool_that_goes_on_when_cancelled_is_waited_for_by_nobody() -> None:
    over = threading.Event()

    async def insist() -> str:
        """Go on."""
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return ""

    running = asyncio.create_task(run(insist))
    await asyncio.sleep(0.05)
    running.cancel()
    async with asyncio.timeout(LEAVE_SECONDS + PATIENCE):
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    over.set()


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize(
    "error", [ValueError, GeneratorExit, KeyboardInterrupt, SystemExit, BaseException, StopIteration]
)
@pytest.mark.parametrize("in_a_task", [False, True])
async def test_whatever_a_tool_raises_ends_it_alone(error: type[BaseException], in_a_task: bool) -> None:
    async def raises() -> str:
        await asyncio.sleep(0)
        raise error

    async def breaks() -> str:
        """Break."""
        return await (asyncio.create_task(raises()) if in_a_task else raises())

    outcome = await run(breaks)
    assert (outcome.status, outcome.text) == ("failed", "breaks failed and gave no result.")
    assert f"{__name__.rpartition('.')[2]}.py" in outcome.detail

    async def works() -> str:
        """Work."""
        return "fine"

    assert (await run(works)).text == "fine"


@pytest.mark.usefixtures("loops")
async def test_a_callback_that_exits_ends_neither_the_loop_nor_the_process() -> None:
    async def exits_later() -> str:
        """Exit."""
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.sleep(0.02)
        return "done"

    assert (await run(exits_later)).text == "done"


@pytest.mark.usefixtures("loops")
async def test_a_refusal_a_cancellation_and_a_result_are_told_as_ever() -> None:
    async def refuses() -> str:
        """Refuse."""
        raise ToolError("We are full.")

    async def loses() -> str:
        """Await what is cancelled."""
        lost = asyncio.create_task(asyncio.sleep(PATIENCE))
        lost.cancel()
        await lost
        return ""

    async def gives() -> dict[str, int]:
        """Give."""
        return {"tables": 3}

    refused, lost, given = await run(refuses), await run(loses), await run(gives)
    assert (refused.status, refused.text) == ("refused", "We are full.")
    assert (lost.status, "cancelled" in lost.detail) == ("failed", True)
    assert (given.status, given.text) == ("ok", '{"tables":3}')


@pytest.mark.usefixtures("loops")
async def test_runs_share_what_belongs_to_a_loop() -> None:
    kept: list[asyncio.Lock] = []
    ran: list[asyncio.AbstractEventLoop] = []

    async def locks() -> str:
        """Take a lock that others hold."""
        if not kept:
            kept.append(asyncio.Lock())
        async with kept[0]:
            ran.append(asyncio.get_running_loop())
            await asyncio.sleep(0.01)
        return "locked"

    outcomes = await asyncio.gather(*(run(locks) for _ in range(5)))
    assert [each.text for each in outcomes] == ["locked"] * 5
    assert len(set(ran)) == 1
    assert ran[0] is not asyncio.get_running_loop()


WHOSE: ContextVar[str] = ContextVar("whose", default="nobody's")


@pytest.mark.usefixtures("loops")
async def test_a_tool_sees_the_context_of_its_call_alone() -> None:
    async def whose(call: Call) -> str:
        """Say whose call it is."""
        before = WHOSE.get()
        WHOSE.set("changed")
        return before

    WHOSE.set("the first one's")
    assert (await run(whose)).text == "the first one's"
    assert WHOSE.get() == "the first one's"


class RecordingLine:
    """A line that notes in which loop it is used."""

    def __init__(self) -> None:
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.cancelled = False

    async def say(self, text: str) -> None:
        self.loops.append(asyncio.get_running_loop())

    async def collect_digits(self, words: str, most: int, finish: str, timeout: float) -> str:
        if words == "refuse":
            raise ToolError("There is no telephone.")
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return ""


@pytest.mark.usefixtures("loops")
async def test_what_a_tool_does_on_its_call_is_done_in_the_calls_loop() -> None:
    line = RecordingLine()
    call = replace(CALL, line=cast("Line", line))

    async def speaks(call: Call) -> str:
        """Speak, from the loop and from a thread of it."""
        await call.say("One moment.")
        await asyncio.to_thread(lambda: call.run(call.say("Still here.")))
        call.state["spoke"] = True
        with pytest.raises(RuntimeError, match=r"call\.run is for a def tool"):
            call.run(call.say("From here."))
        assert isinstance(call.http, httpx.AsyncClient)
        return await call.collect_digits("refuse")

    outcome = await run(speaks, call)
    assert (outcome.status, outcome.text) == ("refused", "There is no telephone.")
    assert line.loops == [asyncio.get_running_loop()] * 2
    assert call.state == {"spoke": True}


@pytest.mark.usefixtures("loops")
async def test_what_a_tool_waits_for_on_its_call_ends_with_the_tool() -> None:
    line = RecordingLine()

    @tool(timeout=0.1)
    async def collects(call: Call) -> str:
        """Collect keys."""
        return await call.collect_digits()

    assert (await run(collects, replace(CALL, line=cast("Line", line)))).status == "timeout"
    await until(lambda: line.cancelled)


@pytest.mark.usefixtures("loops")
async def test_a_tool_that_may_run_once_runs_once() -> None:
    runs: list[int] = []

    @tool(once_per_call=True)
    async def book() -> str:
        """Book."""
        runs.append(1)
        await asyncio.sleep(0.02)
        return f"booked {len(runs)}"

    tools, made = CallTools(), build(book, "desk", "desk")
    outcomes = await asyncio.gather(*(tools.run(made, CALL, {}) for _ in range(3)))
    assert [each.text for each in outcomes] == ["booked 1"] * 3


async def test_a_plugin_whose_loop_is_held_gets_another_one_meanwhile(
    loops: PluginLoops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_loop, "HELD_SECONDS", 0.1)
    begun, over = threading.Event(), threading.Event()
    lines: list[str] = []

    async def block() -> str:
        """Block."""
        begun.set()
        over.wait(PATIENCE)
        return "over"

    async def works() -> str:
        """Work."""
        return threading.current_thread().name

    blocking = asyncio.create_task(run(block))
    await until(begun.is_set)
    sink = logger.add(lines.append, format="{message}")
    first, second = await run(works), await run(works)
    over.set()
    await blocking
    logger.remove(sink)
    assert (first.status, second.status) == ("ok", "ok")
    [line] = [each for each in lines if "is held at" in each]  # once: it is known to be held then
    assert "test_plugin_loops.py" in line
    assert any("tool block blocked for" in each for each in lines)
    assert len(loops._loops["desk"]) == 2


async def test_code_that_holds_every_loop_is_an_error_of_the_plugin_alone(
    loops: PluginLoops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_loop, "HELD_SECONDS", 0.05)
    monkeypatch.setattr(plugin_loops, "MOST_LOOPS", 2)
    over, begun = threading.Event(), list[str]()

    async def block() -> str:
        """Block."""
        begun.append(threading.current_thread().name)
        over.wait(PATIENCE)
        return ""

    blocking = [asyncio.create_task(run(block)) for _ in range(2)]
    await until(lambda: len(begun) == 2)
    assert len(loops._loops["desk"]) == 2
    outcome = await run(block)
    over.set()
    await asyncio.gather(*blocking)
    assert outcome.status == "failed"
    assert "holds all 2 event loops of plugin desk" in outcome.detail


@pytest.mark.usefixtures("loops")
async def test_a_hook_runs_in_the_loop_of_its_plugins_tools() -> None:
    ran: list[asyncio.AbstractEventLoop] = []

    async def hook(call: Call) -> dict[str, str]:
        ran.append(asyncio.get_running_loop())
        call.state["seen"] = call.caller
        return {"plan": "gold"}

    async def works() -> str:
        """Work."""
        ran.append(asyncio.get_running_loop())
        return ""

    given = {"call": replace(CALL, client=httpx.AsyncClient(), state={})}
    assert await call_hooks.run((hook, ("call",)), given, 5.0, "desk") == {"plan": "gold"}
    await run(works)
    assert given["call"].state == {"seen": "+15551234567"}
    assert ran[0] is ran[1] is not asyncio.get_running_loop()


@pytest.mark.usefixtures("loops")
async def test_a_hook_that_blocks_is_waited_for_as_long_as_it_may_take() -> None:
    over = threading.Event()

    async def blocks() -> None:
        over.wait(PATIENCE)

    async def exits() -> None:
        sys.exit(3)

    with pytest.raises(TimeoutError):
        await call_hooks.run((blocks, ()), {}, 0.05, "desk")
    over.set()
    with pytest.raises(AuthoredError, match="SystemExit"):
        await call_hooks.run((exits, ()), {}, 5.0, "desk")


def test_a_plugin_with_services_of_the_pipeline_stays_in_the_loop_of_the_calls(tmp_path: Any) -> None:
    plain = (
        "from agentrun import hookimpl\n"
        "async def look() -> str:\n    '''Look.'''\n    return ''\n"
        "@hookimpl\ndef agentrun_tools():\n    return [look]\n"
    )
    homes = []
    for name, source in (
        ("plain", plain),
        ("voices", plain + "@hookimpl\ndef agentrun_providers():\n    return {}\n"),
    ):
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        plugin = open_plugin(Source(name, path))
        homes.append((plugin.tools["look"].home, plugin.hooks.home))
    assert homes == [("plain", "plain"), (None, None)]


async def test_without_a_server_a_tool_runs_in_the_loop_of_whoever_calls_it() -> None:
    ran: list[asyncio.AbstractEventLoop] = []

    async def works() -> str:
        """Work."""
        ran.append(asyncio.get_running_loop())
        return ""

    await run(works)
    assert ran == [asyncio.get_running_loop()]


def test_on_a_clock_that_jumps_a_tools_waiting_takes_no_time() -> None:
    @tool(timeout=7200)
    async def waits() -> str:
        """Wait for an hour."""
        await asyncio.sleep(3600)
        return "an hour later"

    async def main() -> Outcome:
        async with plugin_loops.apart(httpx.AsyncClient):
            return await run(waits)

    assert virtual_time.run(main()).text == "an hour later"
