"""Expectations that Pipecat's harness does not check: times, and who ended the call."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from agentrun.records import CallRecord, Entry
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.outcome import Failure


def first_audio(conversation: Sequence[Entry]) -> list[float | None]:
    """Seconds from each turn of the caller's to the first word of the answer; None without an answer.

    >>> said = [Entry(1.0, "caller", "Hello"), Entry(1.5, "agent", "Good evening.")]
    >>> first_audio(said)
    [0.5]
    """
    times: list[float | None] = []
    start: float | None = None
    for entry in conversation:
        if entry.who == "caller" and entry.keys:
            start = None
        elif entry.who == "caller":
            times.append(None)
            start = entry.at
        elif entry.who == "agent" and start is not None:
            times[-1] = round(entry.at - start, 3)
            start = None
    return times


def check(scenario: Scenario, record: CallRecord | None, times: Sequence[float | None]) -> list[Failure]:
    """What was too slow, who ended the call, what it found out; ``times`` are those of the caller's turns."""
    failures = []
    turn_numbers = [n for n, turn in enumerate(scenario.turns) if turn.words is not None]
    # a turn that was never heard has no time, and no answer
    for n, seconds in zip(turn_numbers, itertools.chain(times, itertools.repeat(None)), strict=False):
        budget = scenario.turns[n].budget
        if budget and budget.first_audio and (seconds is None or seconds > budget.first_audio):
            took = "there was no answer" if seconds is None else f"it took {seconds * 1000:.0f} ms"
            expected = f"budget.first_audio {budget.first_audio * 1000:.0f} ms"
            failures.append(Failure(n + 1, 0, expected, took, "budget"))
    if scenario.ended_by and (record is None or record.ended_by != scenario.ended_by):
        ended = f"{record.ended_by}: {record.reason}" if record else "nobody"
        failures.append(
            Failure(len(scenario.turns), 0, f"ended_by {scenario.ended_by}", f"it was {ended}", "ended_by")
        )
    for name, target in scenario.variables.items():
        value = record.variables.get(name) if record else None
        if value != target or isinstance(value, bool) != isinstance(target, bool):
            reason = f"it was {value!r}" if value is not None else "it has no value; null stands for that"
            failures.append(
                Failure(len(scenario.turns), 0, f"variables.{name} {target!r}", reason, "variables")
            )
    return failures


def interruptions(scenario: Scenario, record: CallRecord | None) -> list[Failure]:
    """Pipecat calls every written turn an interruption; here an answer must have been cut."""
    cut = sum(entry.interrupted for entry in record.transcript) if record else 0
    failures = []
    for n, turn in enumerate(scenario.turns):
        for m, one in enumerate(turn.expect):
            if one.event != "bot_interrupted" or one.absent:
                continue
            cut -= 1
            if cut < 0:
                reason = "the agent was not speaking, so nothing was cut"
                failures.append(Failure(n + 1, m + 1, "bot_interrupted", reason, "timeout"))
    return failures
