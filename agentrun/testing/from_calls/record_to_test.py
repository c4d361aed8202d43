"""Turns a call record into a test, with the caller's words and the tools' results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.records import Entry
from agentrun.spec.models.scenarios import Scenario
from agentrun.tools.results.result import as_text

NEVER_RAN = "unconfirmed"


@dataclass
class Exchange:
    """What the caller said, and what followed until they spoke again; the first has no words."""

    words: str = ""
    entries: list[Entry] = field(default_factory=list)

    @property
    def calls(self) -> list[Entry]:
        """The tools that were called, in their order."""
        return [entry for entry in self.entries if entry.who == "tool"]

    @property
    def answer(self) -> str:
        """What the agent said."""
        return " ".join(" ".join(entry.text for entry in self.entries if entry.who == "agent").split())


def exchanges(transcript: Sequence[Entry]) -> list[Exchange]:
    """A transcript turn by turn, the greeting first; words that nothing followed belong to the next turn."""
    turns = [Exchange()]
    for entry in transcript:
        if entry.who != "caller":
            turns[-1].entries.append(entry)
        elif turns[-1].words and not turns[-1].entries:
            turns[-1].words += f" {entry.text}"
        else:
            turns.append(Exchange(entry.text))
    return turns


def scenario(record: Mapping[str, Any]) -> Scenario:
    """The test of a record (``CallRecord.as_json``); what the model did then is what a scripted one does."""
    transcript = [Entry(**entry) for entry in record["transcript"]]
    turns = [_turn(one) for one in exchanges(transcript) if one.words or one.entries]
    return Scenario.model_validate({"name": f"call-{record['id']}", "stop_on_failure": False, "turns": turns})


def _turn(exchange: Exchange) -> dict[str, Any]:
    turn: dict[str, Any] = {"user": exchange.words} if exchange.words else {}
    moves: list[dict[str, Any]] = []
    for entry in exchange.entries:
        if entry.who == "tool":
            moves.append({"call": entry.name, **({"args": entry.arguments} if entry.arguments else {})})
        else:
            moves.append({"say": entry.text})
    expect: list[dict[str, Any]] = []
    if exchange.calls:
        calls = [{"name": one.name, "args": one.arguments} for one in exchange.calls]
        expect.append({"event": "function_call", "calls": calls})
    if exchange.answer:
        expect.append({"event": "response"})
    results = _results(exchange.calls)
    more = {"llm": moves, "tools": results, "expect": expect}
    return {**turn, **{key: value for key, value in more.items() if value}}


def _results(calls: Sequence[Entry]) -> dict[str, Any]:
    """Each tool's results by what it was called with; one that waited for a yes has none."""
    results: dict[str, Any] = {}
    for call in calls:
        if call.status != NEVER_RAN:
            outcome = {"result": _as_data(call.text)} if call.status == "ok" else {"error": call.text}
            results.setdefault(call.name, {"results": []})["results"].append(
                {"args": call.arguments, **outcome}
            )
    return results


def _as_data(text: str) -> Any:
    """A result as data where it reads the same to the model, else as text."""
    try:
        data = json.loads(text)
    except ValueError:
        return text
    return data if isinstance(data, dict | list) and as_text(data) == text else text
