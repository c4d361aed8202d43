"""Runs the post-call analysis of a test's call, and checks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.records import CallRecord
from agentrun.server.analysis.analyse import analyse
from agentrun.spec.models.after_call import ExpectedAnalysis
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.outcome import Failure
from agentrun.testing.running.shared_servers import SharedServers

_NO_WAITS = (0.0, 0.0, 0.0)
_BEGAN = {"started": "2026-01-05T12:00:00+00:00", "seconds": 60}
"""The same in every run, so that a cassette knows the question again."""


async def check(
    bench: SharedServers, key: str, scenario: Scenario, record: CallRecord | None
) -> list[Failure]:
    """Analyse the call that is known as ``key`` once it is over, if the test asks for that; what is wrong."""
    plan = bench.plans[key].analysis
    if scenario.after_call is None or record is None or plan is None:
        return []
    await bench.switchboard.wait_for(record.agent, record.id)
    row = record.as_json() | _BEGAN
    analysis = await analyse(plan, row, bench.resources, record.redaction, _NO_WAITS)
    record.analysis = analysis.found
    number = len(scenario.turns)
    return [
        Failure(number, 0, f"after_call: {expected}", reason, "analysis")
        for expected, reason in _wrong(scenario.after_call.expect, analysis.found)
    ]


def _wrong(expected: ExpectedAnalysis, found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was expected, and what was found instead."""
    state = found["state"]
    if state != expected.state:
        why = f": {found['reason']}" if "reason" in found else ""
        yield f"state {expected.state}", f"it is {state}{why}"
        return
    if state != "done":
        return
    if "success" in expected.model_fields_set and found["success"] != expected.success:
        yield f"success {_word(expected.success)}", f"it is {_word(found['success'])}"
    if (part := expected.summary_contains) and part not in found["summary"]:
        yield f"summary_contains {part!r}", f"the summary is {found['summary']!r}"
    for name, value in expected.fields.items():
        there = found["fields"][name]
        if there != value or isinstance(there, bool) != isinstance(value, bool):
            yield f"{name} {_word(value)}", f"it is {_word(there)}"


def _word(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)
