"""Takes out of a record and of a log what must not stand there."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

from agentrun.records.redaction import secrets, spoken_digits

Kind = Literal["phone", "email", "card"]
HIDDEN = "•••"
_CACHED = 4096
_DOMAIN = r"\w[\w-]*+(?:(?:\s+dot\s+|\.)\w[\w-]*+)+"
_EMAIL = re.compile(
    rf"(?<![\w.+%'-])[\w.+%'-]++\s?@\s?{_DOMAIN}"
    # letter by letter: "a, d, a at example dot com"
    rf"|(?:\b\w[\s,.-]{{1,2}}){{2,40}}at\s+{_DOMAIN}"
    rf"|(?<![\w+'-])[\w+'-]++(?:(?:\s+(?:dot|underscore|dash|hyphen|plus)\s+|\.)[\w+'-]++){{0,6}}\s+at\s+{_DOMAIN}",
    re.IGNORECASE,
)
_BETWEEN = "\x1e"
"""Stands between two texts that are looked at as one; for ``numbers`` it is a space."""


class Redaction:
    """Hides ``secrets`` always, and telephone numbers, e-mail addresses and cards where ``kinds`` names them.

    >>> Redaction(["phone"]).text("Call +1 (415) 555-1234 at 20:15.")
    'Call [phone] at 20:15.'
    """

    def __init__(self, kinds: Iterable[Kind] = (), secrets: Iterable[str] = ()) -> None:
        self.kinds: frozenset[str] = frozenset(kinds)
        self._secrets = frozenset(secrets)
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._words = functools.lru_cache(_CACHED)(self._without_words)
        self._numbers = functools.lru_cache(_CACHED)(self._without_numbers)
        self.text = functools.lru_cache(_CACHED)(self.line)
        """As ``line``; what was seen lately is remembered, for a live record is written again and again."""

    def __deepcopy__(self, memo: object) -> Self:
        # dataclasses.asdict copies what it finds
        return self

    @classmethod
    def of_all(cls, redactions: Iterable[Redaction]) -> Redaction:
        """One that hides what any of ``redactions`` hides."""
        found = list(redactions)
        made = cls(secrets=frozenset().union(*(one._secrets for one in found)))
        made.kinds = frozenset().union(*(one.kinds for one in found))
        return made

    def line(self, text: str) -> str:
        """``text`` with nothing in it that must be hidden."""
        return self._without_numbers(self._without_words(text))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Each of ``texts``; a number that goes on from one to the next is found as well."""
        cleaned = [self._words(one.replace(_BETWEEN, " ")) for one in texts]
        return self._numbers(_BETWEEN.join(cleaned)).split(_BETWEEN) if texts else []

    def _without_words(self, text: str) -> str:
        if self._known:
            text = self._known.sub(secrets.SHOWN, text)
        text = secrets.hide(text)
        return _EMAIL.sub("[email]", text) if "email" in self.kinds else text

    def _without_numbers(self, text: str) -> str:
        found = list(spoken_digits.find(text, self.kinds)) if self.kinds & {"phone", "card"} else []
        return _without(text, found)

    def number(self, number: str | None) -> str | None:
        """A telephone's number, to its last two digits; an address of SIP is hidden whole."""
        if number is None or "phone" not in self.kinds:
            return number
        digits = "".join(filter(str.isdigit, number))
        if digits or "@" in number or ":" in number:
            return HIDDEN + (digits[-2:] if len(digits) >= 4 else "")
        return number

    def value(self, value: Any) -> Any:
        """What JSON can hold: the texts in it, and whole numbers that are a telephone's or a card's."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        if self.kinds and isinstance(value, int | float) and value == value // 1:
            written = str(int(value))
            return value if self.text(written) == written else self.text(written)
        return value


def _without(text: str, found: Sequence[spoken_digits.NumberMatch]) -> str:
    """``text`` with ``found`` named in its place, in each text that it reaches into."""
    for one in reversed(found):
        shown = f"[{one.kind}]"
        times = text.count(_BETWEEN, one.start, one.end) + 1
        text = text[: one.start] + _BETWEEN.join([shown] * times) + text[one.end :]
    return text
