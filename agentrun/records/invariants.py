"""Invariants of every record of a finished call, whatever happened on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

NEAR_SECONDS = 0.005
"""Times of one moment may differ by their rounding."""
_ENDED_BY = ("caller", "agent", "error", "server", "network")
_CUTS = ("caller", "agent", "hang-up", "provider", "server")


def violations(record: Mapping[str, Any]) -> list[str]:
    """What is wrong with a record as ``CallRecord.as_json`` gives it, in words; nothing when it holds.

    >>> from agentrun.records import CallRecord
    >>> violations(CallRecord("CA1", "desk", "twilio").as_json())
    ['the call has not ended']
    """
    if not record["ended"]:
        return ["the call has not ended"]
    checks = (_end, _order, _cuts, _waits, _money)
    return [words for check in checks for words in check(record)]


def _end(record: Mapping[str, Any]) -> Iterator[str]:
    """Who ended a call, why, and when."""
    if record["ended_by"] not in _ENDED_BY:
        yield f"nobody ended it: {record['ended_by']!r}"
    if not record["reason"]:
        yield "it ended for no reason"
    moments = [
        datetime.fromisoformat(at) for name in ("started", "answered", "ended") if (at := record[name])
    ]
    if moments != sorted(moments):
        yield "it ended before it was answered, or was answered before it began"
    if record["answered"] and abs((moments[-1] - moments[1]).total_seconds() - record["seconds"]) > 0.01:
        yield f"it lasted {record['seconds']} s, and its times say otherwise"


def _order(record: Mapping[str, Any]) -> Iterator[str]:
    """Everything happened within the call, and stands in its order."""
    transcript = record["transcript"]
    times = [entry["at"] for entry in transcript]
    if times != sorted(times):
        yield f"the transcript is out of order: {times}"
    lists = ("transcript", "turns", "failovers", "keypad")
    for name, at in ((each, part["at"]) for each in lists for part in record[each]):
        if not 0 <= at <= record["seconds"] + NEAR_SECONDS:
            yield f"{name}: {at} s is outside of a call of {record['seconds']} s"
    for entry in transcript:
        if entry["who"] == "tool" and entry["at"] + entry["seconds"] > record["seconds"] + NEAR_SECONDS:
            yield f"the tool {entry['name']} went on after the call"
        if entry["who"] != "tool" and not entry["text"].strip():
            yield f"{entry['who']} said nothing at {entry['at']} s"


def _cuts(record: Mapping[str, Any]) -> Iterator[str]:
    """Every answer that was cut has its cause, and no other has."""
    answers = [entry for entry in record["transcript"] if entry["who"] == "agent"]
    for number, entry in enumerate(answers):
        cause, last = entry["cut_by"], number == len(answers) - 1
        if entry["interrupted"] != bool(cause) or (cause and cause not in _CUTS):
            yield f"the answer at {entry['at']} s is cut by {cause!r}, interrupted {entry['interrupted']}"
        if cause == "hang-up" and not last:
            yield f"the answer at {entry['at']} s was cut by a hang-up that did not end the call"
        if cause == "server" and not last:
            yield f"the answer at {entry['at']} s was cut by the end of the server, and another one came"


def _waits(record: Mapping[str, Any]) -> Iterator[str]:
    """Each wait ends with the first sound of an answer in the transcript, and no two with the same."""
    starts = [entry["at"] for entry in record["transcript"] if entry["who"] == "agent"]
    used: list[float] = []
    for turn in record["turns"]:
        ends = turn["at"] + turn["total_ms"] / 1000
        answer = min(starts, key=lambda at: abs(at - ends), default=None)
        if answer is None or abs(answer - ends) > NEAR_SECONDS:
            yield f"a wait ended at {ends:.3f} s, where no answer began: {starts}"
        elif answer in used:
            yield f"the answer at {answer} s was waited for twice"
        else:
            used.append(answer)
        if turn["total_ms"] < 0 or any(took < 0 for took in turn["stages"].values()):
            yield f"a wait of {turn['total_ms']} ms with {turn['stages']}"
        if abs(sum(turn["stages"].values()) - turn["total_ms"]) > 1:
            yield f"the stages of a wait of {turn['total_ms']} ms add up to something else: {turn['stages']}"


def _money(record: Mapping[str, Any]) -> Iterator[str]:
    cost = record["cost"]
    if cost and (cost["total"] < 0 or any(part < 0 for part in cost["parts"].values())):
        yield f"it paid the caller: {cost['total']}"
    if cost and record["offline"] and cost["total"]:
        yield f"it cost {cost['total']} offline"
