"""Redacts records and log lines."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

from agentrun.records.redaction import email_addresses, number_over_turns, secrets, spoken_digits
from agentrun.records.redaction.normalised_text import normalise

Kind = Literal["phone", "email", "card"]
HIDDEN = "•••"
_CACHED = 1024
"""Texts of one call; a longer one has the newest of them remembered."""
_SPEAKERS = 4
"""Whose turns are looked at as one: the caller's, the agent's, and the keys of two lists."""
_DIGITS = re.compile(r"\d{1,8}")
_MARK = re.compile(r"\[(?:phone|card)\]")
_PART_NAME = re.compile(
    r"area|country|prefix|exchange|line|phone|tel|mobile|cell|number|digits|part|first|middle|second|third|last|"
    r"rest|suffix|ext",
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
        self.text = self.line
        """As ``line``; one that is ``for_call`` remembers what it has seen."""
        self._words = self._without_words
        self._numbers = self._without_numbers

    def for_call(self) -> Redaction:
        """The same for one call's record, which is written again and again: it remembers what it has seen.

        Nothing is remembered longer than the record that has it; of turns that are looked at as one only the
        newest, for they are longer at each write.
        """
        own = copy.copy(self)
        # methods of the one that all calls share: a cache of ``own``'s would keep it alive by a cycle
        own.text = functools.lru_cache(_CACHED)(self.line)
        own._words = functools.lru_cache(_CACHED)(self._without_words)
        own._numbers = functools.lru_cache(_SPEAKERS)(self._without_numbers)
        return own

    def __deepcopy__(self, memo: object) -> Self:
        # dataclasses.asdict copies what it finds
        return self

    @classmethod
    def of_all(cls, redactions: Iterable[Redaction]) -> Redaction:
        """One that hides what any of ``redactions`` hides."""
        members = list(redactions)
        union = cls(secrets=frozenset().union(*(one._secrets for one in members)))
        union.kinds = frozenset().union(*(one.kinds for one in members))
        return union

    def line(self, text: str) -> str:
        """``text`` with nothing in it that must be hidden."""
        return self._without_numbers(self._without_words(text))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Each of ``texts``, one speaker's turns; a number that goes on from one to the next is found too."""
        cleaned = [self._words(one.replace(_BETWEEN, " ")) for one in texts]
        cleaned = self._without_parts(cleaned)
        return self._numbers(_BETWEEN.join(cleaned)).split(_BETWEEN) if texts else []

    def _without_parts(self, turns: list[str]) -> list[str]:
        """``turns`` without numbers that are given in parts, with words between them."""
        if not self.kinds & {"phone", "card"}:
            return turns
        shown = "[phone]" if "phone" in self.kinds else "[card]"
        fewest = number_over_turns.FEWEST if "phone" in self.kinds else 13
        plain = [normalise(turn) for turn in turns]
        parts = list(number_over_turns.find([one.text for one in plain], fewest))
        for part in reversed(parts):
            start, end = plain[part.turn].span(part.start, part.end)
            turn = turns[part.turn]
            turns[part.turn] = turn[:start] + shown + turn[end:]
        return turns

    def _without_words(self, text: str) -> str:
        if self._known:
            text = self._known.sub(secrets.SHOWN, text)
        text = secrets.hide(text)
        if "email" not in self.kinds:
            return text
        plain = normalise(text)
        for span in reversed(list(email_addresses.find(plain.text))):
            start, end = plain.span(*span)
            text = f"{text[:start]}[email]{text[end:]}"
        return text

    def _without_numbers(self, text: str) -> str:
        if not self.kinds & {"phone", "card"}:
            return text
        plain = normalise(text)
        for one in reversed(list(spoken_digits.find(plain.text, self.kinds))):
            start, end = plain.span(one.start, one.end)
            shown = f"[{one.kind}]"
            times = text.count(_BETWEEN, start, end) + 1
            text = text[:start] + _BETWEEN.join([shown] * times) + text[end:]
        return text

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
            parts = self._parts(value) if self.kinds else {}
            return {self.value(key): parts.get(key) or self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return self._items(value)
        if self.kinds and isinstance(value, int | float) and value == value // 1:
            digits = str(int(value))
            return value if self.text(digits) == digits else self.text(digits)
        return value

    def _items(self, items: Sequence[Any]) -> list[Any]:
        """A list, also where its items are the parts of one number: ``["4", "1", "5", …]``."""
        words = [str(item) for item in items if isinstance(item, str | int) and not isinstance(item, bool)]
        if self.kinds and len(words) == len(items) > 1 and _are_parts(items, words):
            text = self.text(" ".join(words))
            if _MARK.fullmatch(text):
                return [text] * len(items)
        return [self.value(item) for item in items]

    def _parts(self, values: Mapping[Any, Any]) -> dict[Any, str]:
        """The parts of one number that stands in several fields: ``area``, ``prefix``, ``line``."""
        names = [
            key
            for key, value in values.items()
            if isinstance(value, str | int) and _DIGITS.fullmatch(str(value)) and _PART_NAME.search(str(key))
        ]
        text = self.text(" ".join(str(values[name]) for name in names)) if len(names) > 1 else ""
        return dict.fromkeys(names, text) if _MARK.fullmatch(text) else {}


def _are_parts(items: Sequence[Any], words: Sequence[str]) -> bool:
    """Whether a list may be one number: digits or words alone. Integers of several digits are figures."""
    if all(_DIGITS.fullmatch(word) for word in words):
        return all(len(word) == 1 for word in words) or all(isinstance(item, str) for item in items)
    return all(word.isalpha() for word in words)
