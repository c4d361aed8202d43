"""The sections of a record that are indexed, and which of them a search needs.

A call may match only where every part that the search needs stands in its section: whoever asks the index
gets all calls that match, and a few others, which are told apart by their records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agentrun.records.store.queries.call_filter import NO_SUCCESS, SUCCESS, CallFilter, spelled

NAMES = ("agent", "outcome", "number", "tool", "text", "variables")
MOST_CHARACTERS = 500_000
"""Of a section that are in the index; three hours of talk have about 160,000."""
Part = tuple[str, str]
"""A section's name, and a text that must stand in it."""


def sections(row: Mapping[str, Any]) -> dict[str, str]:
    """The sections of a record, each bounded, by their ``NAMES``.

    >>> sections({"agent": "desk", "transcript": [{"who": "caller", "text": "Hi!"}], "variables": {"x": 4}})
    {'agent': '|desk|', 'outcome': '', 'number': '', 'tool': '', 'text': 'hi!', 'variables': '=x=4'}
    """
    entries = row.get("transcript") or ()
    success = (row.get("analysis") or {}).get("success")
    judged = SUCCESS if success is True else NO_SUCCESS if success is False else None
    outcomes = [row.get("ended_by"), row.get("outcome"), judged]
    values = (f"={name}={spelled(value)}" for name, value in (row.get("variables") or {}).items())
    parts = {
        "agent": _names([row["agent"]]),
        "outcome": _names(outcomes),
        "number": _names(str(row.get(key) or "").lower() for key in ("from_number", "to_number")),
        "tool": _names(dict.fromkeys(entry["name"] for entry in entries if entry["who"] == "tool")),
        "text": "\n".join(entry["text"].lower() for entry in entries),
        "variables": "\n".join(values),
    }
    return {name: text[:MOST_CHARACTERS] for name, text in parts.items()}


def parts(has: CallFilter, agent: str | None) -> list[Part]:
    """What must stand in a record's sections so that it may match.

    >>> parts(CallFilter(text="Open", variables=(("guests", "4"),)), "desk")
    [('agent', '|desk|'), ('text', 'open'), ('variables', '=guests='), ('variables', '4')]
    """
    words = [
        ("agent", _names([agent])),
        ("outcome", _names([has.outcome])),
        ("number", has.digits),
        ("tool", _names([has.tool])),
        ("text", has.text.lower()),
        *(part for name, value in has.variables for part in _variable(name, value)),
    ]
    return [(name, text) for name, text in words if text]


def _variable(name: str, value: str) -> Iterator[Part]:
    yield "variables", f"={name}="
    yield "variables", value.lower()


def _names(names: Iterable[str | None]) -> str:
    """Names that are found as a whole alone.

    >>> _names(["book", None]), _names([""])
    ('|book|', '')
    """
    some = [name for name in names if name]
    return f"|{'|'.join(some)}|" if some else ""
