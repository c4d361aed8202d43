"""Measures concurrent calls and the server's resource use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.simulate.bench.load import Figures, place_calls
from agentrun.simulate.bench.process import Server, Usage
from agentrun.simulate.caller.caller import Caller
from agentrun.simulate.caller.script import Script
from agentrun.simulate.twilio import TwilioServer

_STEP_SECONDS = 0.5


@dataclass(frozen=True)
class Load:
    """``calls`` at once: their figures; and for each call what it took of one core, and of memory in MB.

    The last two are None where the server's process can't be looked at.
    """

    calls: int
    figures: Figures
    core_share: float | None
    memory_mb: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        share = None if self.core_share is None else round(self.core_share, 4)
        memory = None if self.memory_mb is None else round(self.memory_mb, 2)
        used = {"core_share_a_call": share, "memory_mb_a_call": memory}
        return {"calls": self.calls, **self.figures.as_json(), **used}


async def measure(
    url: str,
    caller: Caller,
    script: Script,
    calls: int,
    *,
    server: Server | None = None,
    with_tool: Sequence[int] = (),
    apart: float = 0.0,
    twilio: TwilioServer | None = None,
    done: Callable[[], None] = lambda: None,
) -> Load:
    """Place ``calls`` at ``url``, begun ``apart`` seconds after each other; ``server`` is what answers there.

    The answers numbered ``with_tool`` needed one, as do those whose record says so.
    """
    stop, figures = asyncio.Event(), Figures()
    watching = asyncio.create_task(_watch(server, stop))
    try:
        reports = await place_calls(url, caller, script, calls, apart=apart, twilio=twilio, done=done)
    finally:
        stop.set()
        used = await watching
    for report in reports:
        figures.add(report, with_tool)
    if used is None:
        return Load(calls, figures, None, None)
    seconds = sum(report.seconds for report in reports) or 1.0
    return Load(calls, figures, used.cpu_seconds / seconds, used.memory_mb / calls)


async def _watch(server: Server | None, stop: asyncio.Event) -> Usage | None:
    """What ``server`` uses until ``stop``: processor time, and at most how much more memory than before."""
    before = server.usage() if server else None
    if server is None or before is None:
        return None
    now, most = before, before.memory_mb
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _STEP_SECONDS)
        now = server.usage() or now
        most = max(most, now.memory_mb)
    return Usage(now.cpu_seconds - before.cpu_seconds, most - before.memory_mb)
