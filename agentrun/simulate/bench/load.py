"""Runs many callers with the same script, and collects their figures."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.records.percentile import percentile
from agentrun.simulate.caller.caller import Caller
from agentrun.simulate.caller.results.report import Report
from agentrun.simulate.caller.run_call import run_call
from agentrun.simulate.caller.script import Script
from agentrun.simulate.twilio import TwilioServer

GAP_MS = 100
"""A stutter that is this long is heard as one."""
_NUMBER = 2_025_550_100


async def place_calls(
    url: str,
    caller: Caller,
    script: Script,
    number: int,
    *,
    apart: float = 0.0,
    twilio: TwilioServer | None = None,
    done: Callable[[], None] = lambda: None,
) -> list[Report]:
    """``number`` calls at once, each from a telephone of its own, begun ``apart`` seconds after the other."""

    async def one(index: int) -> Report:
        await asyncio.sleep(apart * index)
        each = dataclasses.replace(caller, number=f"+1{_NUMBER + index}")
        report = await run_call(url, each, script, twilio=twilio)
        done()
        return report

    return list(await asyncio.gather(*(one(index) for index in range(number))))


@dataclass
class Figures:
    """Times in ms of some calls. ``late_ms`` is how late the callers' own clock was at worst."""

    greetings: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    with_tool: list[float] = field(default_factory=list)
    barge_ins: list[float] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    late_ms: int = 0

    def add(self, report: Report, with_tool: Sequence[int] = ()) -> None:
        """Take in a call; its answers numbered ``with_tool`` needed one, as do those whose record says so."""
        if report.failure:
            self.failures.append(report.failure)
        if report.greeting_ms is not None:
            self.greetings.append(report.greeting_ms)
        for number, (took, used) in enumerate(_answers(report)):
            (self.with_tool if used or number in with_tool else self.answers).append(took)
        for barge_in in (report.clear_ms, report.barge_in_ms):
            if barge_in is not None:
                self.barge_ins.append(barge_in)
                break
        self.gaps += [gap for gap in report.gaps_ms if gap >= GAP_MS]
        self.late_ms = max(self.late_ms, report.late_ms)

    def as_json(self) -> dict[str, Any]:
        """Medians, p95 and how many there were; times in whole ms."""
        data: dict[str, Any] = {}
        for name in ("greetings", "answers", "with_tool", "barge_ins"):
            values = getattr(self, name)
            percentiles = {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}
            data[name] = {key: round(value) for key, value in percentiles.items() if value is not None}
            data[name]["count"] = len(values)
        return {**data, "gaps_ms": self.gaps, "failures": self.failures, "late_ms": self.late_ms}


def _answers(report: Report) -> list[tuple[float, bool]]:
    """The wait for each answer to the caller, and whether a tool was called for it."""
    waits, asked, used = [], False, False
    for turn in report.turns:
        if turn.who == "caller":
            asked, used = True, False
        elif turn.who == "tool":
            used = True
        elif asked and turn.first_sound_ms is not None:
            waits.append((turn.first_sound_ms, used))
            asked = False
    return waits
