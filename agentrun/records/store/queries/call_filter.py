"""Search filters for calls: outcome, numbers, tools, words, and variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENDED_BY = ("caller", "agent", "error", "server", "network")
PLACED = ("answered", "machine", "busy", "no-answer", "failed", "canceled")
SUCCESS, NO_SUCCESS, UP = "success", "no success", "up"
OUTCOMES = (UP, *ENDED_BY, *PLACED, SUCCESS, NO_SUCCESS)
"""Calls that are up, by who ended them, what became of placed ones, and what their analysis says."""
_PUNCTUATION = re.compile(r"[\s()./-]")


@dataclass(frozen=True)
class CallFilter:
    """All that a call must have; what is empty is not asked for. Letters match in upper and lower case alike.

    ``number`` is a part of the caller's or the called number, ``tool`` the name of one that ran, ``text`` a
    part of what was said or what a tool returned. ``variables`` are pairs of a name and a part of the value.

    >>> CallFilter(text="OPEN").matches({"transcript": [{"who": "caller", "text": "Are you open?"}]})
    True
    >>> CallFilter(variables=(("guests", "4"),)).matches({"variables": {"guests": 3}})
    False
    """

    outcome: str = ""
    number: str = ""
    tool: str = ""
    text: str = ""
    variables: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return any((self.outcome, self.number, self.tool, self.text, self.variables))

    @property
    def digits(self) -> str:
        """The number without what people write between its digits."""
        return _PUNCTUATION.sub("", self.number).lower()

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether a record has all of it; a store asks its database the same."""
        entries = row.get("transcript") or ()
        numbers = [str(row.get(key) or "").lower() for key in ("from_number", "to_number")]
        values = {name: spelled(value) for name, value in (row.get("variables") or {}).items()}
        return (
            (not self.outcome or _ended_so(row, self.outcome))
            and (not self.number or any(self.digits in number for number in numbers))
            and (not self.tool or any((e["who"], e["name"]) == ("tool", self.tool) for e in entries))
            and (not self.text or any(self.text.lower() in e["text"].lower() for e in entries))
            and all(name in values and part.lower() in values[name] for name, part in self.variables)
        )


def _ended_so(row: Mapping[str, Any], outcome: str) -> bool:
    if outcome in (SUCCESS, NO_SUCCESS):
        return (row.get("analysis") or {}).get("success") is (outcome == SUCCESS)
    if outcome == UP:
        return not row.get("ended")
    return row.get("outcome" if outcome in PLACED else "ended_by") == outcome


def spelled(value: Any) -> str:
    """A variable's value as it is searched: as JSON has it, in lower case, and a text without quotes."""
    return (value if isinstance(value, str) else json.dumps(value)).lower()


def variables(text: str) -> tuple[tuple[str, str], ...]:
    """The variables that somebody asks for.

    >>> variables("guests=4, name")
    (('guests', '4'), ('name', ''))
    """
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
