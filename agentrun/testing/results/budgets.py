"""Compares the response times of spoken tests with a spec's ``budget``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentrun.records import waiting_times
from agentrun.records.waiting_times import WaitingTime
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.testing.results.outcome import Failure, Outcome

NAME = "budget"
_SLOWEST = 3


def outcome(file: SpecFile, spec: str, outcomes: Sequence[Outcome]) -> Outcome | None:
    """What came of the budget of ``file``, by those ``outcomes`` that are of ``spec``; None without one.

    It failed when something took longer than it may, and was skipped when nothing was spoken.
    """
    allowed = waiting_times.in_ms(file.spec.budget)
    if not allowed:
        return None
    problem = file.problem(("budget",), "")
    place = f"{problem.path}:{problem.line}"
    runs = [one for one in outcomes if one.spec == spec and one.depth == "audio" and one.status != "skipped"]
    waited = waiting_times.compare(
        allowed, [one.greeting * 1000 for one in runs if one.greeting], [ms for _, ms in _turns(file, runs)]
    )
    if not waited:
        reason = "no test of this spec was spoken"
        return Outcome(spec, NAME, "skipped", 0.0, place, "audio", reason)
    failures = tuple(_failure(one, file, runs) for one in waited if one.exceeded)
    summary = "; ".join(map(str, waited))
    return Outcome(spec, NAME, "failed" if failures else "passed", 0.0, place, "audio", summary, failures)


def _turns(file: SpecFile, outcomes: Sequence[Outcome]) -> Iterator[tuple[str, float]]:
    """Every answered turn by its name, with the wait in ms."""
    tests = {test.name: test for test in file.spec.tests}
    for one in outcomes:
        numbers = [n for n, turn in enumerate(tests[one.name].turns, 1) if turn.words is not None]
        for number, seconds in zip(numbers, one.first_audio, strict=False):
            if seconds is not None:
                yield f"{one.name}, turn {number}", seconds * 1000


def _failure(waited: WaitingTime, file: SpecFile, outcomes: Sequence[Outcome]) -> Failure:
    """Names what was slowest."""
    took = list(_turns(file, outcomes))
    if waited.key == "first_audio":
        took = [(f"{one.name}, greeting", one.greeting * 1000) for one in outcomes if one.greeting]
    took.sort(key=lambda each: -each[1])
    slowest = "; ".join(f"{name}: {ms:.0f} ms" for name, ms in took[:_SLOWEST])
    expected = f"{NAME}.{waited.key} {waited.allowed_ms:.0f} ms"
    return Failure(0, 0, expected, f"it was {waited.ms:.0f} ms; slowest: {slowest}", NAME)
