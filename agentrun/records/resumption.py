"""What one machine passes to another to resume a call: its conversation, and tool and flow state."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from agentrun.records import other_shapes, record_shape
from agentrun.records.call_record import UNWRITTEN, CallRecord
from agentrun.records.entries import Entry, own_fields

MOST_BYTES = 256 * 1024
"""Of a value of ``call.state``; a larger one, or one that is no JSON, does not go over."""
UNKNOWN = (
    "You called {name} with {arguments}, and then the line broke. Nobody knows whether it was done. Do not "
    "call it again before the caller, whom you have told so, asks for it."
)
RETURNED = (
    "You have put the caller through, but {why}. They are back on the line with you. Say so, and help them "
    "yourself, or offer what else can be done."
)
_TIMES = ("started", "answered")
RINGS = "rings"
"""In a snapshot: for how many seconds it rings where its caller was transferred to, who may come back."""
NAMED = 2
"""A tool, and its arguments."""
T = TypeVar("T")
_OF_THE_END = ("ended", "ended_by", "reason", "seconds")
_OF_THE_STORE = ("agent", "id", "started", "analysis", *_OF_THE_END)
"""What the store has columns for, or what the end of a call writes anew."""


@dataclass(frozen=True)
class Resumption:
    """A call that goes on here: its ``record`` too, and ``messages`` are what was said, for a model.

    ``state`` is ``call.state``; ``runs`` are those of ``once_per_call`` tools, ``unfinished`` the other tools
    that were at work, with their arguments; ``node`` says where the flow was, ``role_node`` which node has
    said who the agent is. ``unanswered`` says why a caller who was put through is back, if one is.
    """

    record: CallRecord
    parameters: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    runs: Sequence[Sequence[str]] = ()
    unfinished: Sequence[Sequence[str]] = ()
    node: str = ""
    role_node: str = ""
    unanswered: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as a model is told of it."""
        said = [_message(entry) for entry in self.record.transcript]
        begun = [*self.unfinished, *(run[:2] for run in self.runs if not run[2])]
        told = [UNKNOWN.format(name=name, arguments=given) for name, given in begun]
        if self.unanswered:
            told.append(RETURNED.format(why=self.unanswered))
        return [*said, *map(_developer, told)]

    @property
    def is_owed(self) -> bool:
        """Whether the last word was not the agent's, or the caller has come back to it."""
        last = self.record.transcript[-1:]
        return bool(self.unanswered or (last and last[0].who != "agent"))


def read(record: Mapping[str, Any], snapshot: Mapping[str, Any], key: str, age: float = 0.0) -> Resumption:
    """The call of a ``record`` of ``age`` seconds ago, which has ``key`` now; ``snapshot`` stands beside it.

    Both may have been written by another version, which has other parts, or some in another shape. Of the
    other machine's clock nothing is taken but the record's own times.
    """
    parts = snapshot if isinstance(snapshot, Mapping) else {}

    def part(name: str, otherwise: T) -> T:
        value = parts.get(name)
        return value if isinstance(value, type(otherwise)) else otherwise

    elapsed = float(part("elapsed", part("elapsed", 0) or 0.0))
    parameters: dict[str, Any] = part("parameters", {})
    return Resumption(
        _record(record, key, elapsed + age),
        {name: value for name, value in parameters.items() if isinstance(value, str)},
        part("state", {}),
        _texts(part("runs", []), 4),
        _texts(part("unfinished", []), 2),
        part("node", ""),
        part("role_node", ""),
    )


def _texts(values: list[Any], count: int) -> list[list[str]]:
    """The first ``count`` texts of each of ``values``; of a tool that has begun two are enough to know it."""
    lists = ([*each, "", ""][:count] for each in values if isinstance(each, list) and len(each) >= NAMED)
    return [each for each in lists if all(isinstance(text, str) for text in each)]


def storable_part(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that JSON holds, and that are not too large.

    >>> storable_part({"guests": 4, "client": object()})
    {'guests': 4}
    """
    part = {}
    for name, value in values.items():
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            continue
        if len(text) <= MOST_BYTES:
            part[str(name)] = json.loads(text)
    return part


def _record(written: Mapping[str, Any], key: str, seconds: float) -> CallRecord:
    row = record_shape.whole(written)
    names = {each.name for each in fields(CallRecord)} - set(UNWRITTEN)
    values = {name: row[name] for name in names & row.keys() - set(_OF_THE_END)}
    for name in names & record_shape.LISTS.keys():
        kind = record_shape.LISTS[name]
        own = {each.name for each in own_fields(kind)}
        values[name] = [
            kind(**{each: part[each] for each in own & part.keys()}, others=_without(part, own))
            for part in values.get(name) or ()
        ]
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
    others = _without(row, {*names, *record_shape.LISTS})
    shapes = other_shapes.found(written, row, _OF_THE_STORE)
    record = CallRecord(**{**values, "key": key, "others": others, "other_shapes": shapes})
    record.resumed_at(seconds)
    return record


def _without(parts: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Those of ``parts`` that this version has no name for."""
    return {name: value for name, value in parts.items() if name not in names}


def _message(entry: Entry) -> dict[str, Any]:
    if entry.who == "tool":
        arguments = json.dumps(dict(entry.arguments), ensure_ascii=False, default=str)
        return _developer(f"You called {entry.name} with {arguments}. Result: {entry.text}")
    return {"role": "user" if entry.who == "caller" else "assistant", "content": entry.text}


def _developer(words: str) -> dict[str, Any]:
    return {"role": "developer", "content": words}
