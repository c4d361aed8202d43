"""Finds a number given over several turns: "it's 415", "yes, 555", "and the rest is 1234"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentrun.records.redaction import spoken_digits

FEWEST, MOST = spoken_digits.PHONE_DIGITS, 19
"""Digits of all parts together; a card has 19 at most."""
_LONGEST_PART = 8
_MOST_WORDS = 9
"""Who gives a part of a number says little else in that turn."""
_BARE_WORDS = 3
_MOST_TURNS_BETWEEN = 2
_OTHER = (
    r"[$€£%:°]|\b(?:dollars?|euros?|pounds?|cents?|percent|people|persons?|guests?|adults?|kids|children|years?|"
    r"old|months?|weeks?|days?|hours?|minutes?|seconds?|o'?clock|a\.?m|p\.?m|tables?|rooms?|floors?|tickets?|orders?|"
    r"flights?|gates?|seats?|streets?|avenue|road|apartment|suite|degrees|points?|score|miles?|kilometers?|times|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|version|page|chapter|items?|pieces|size)\b"
)
"""What says that a turn's number counts or names something else."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Part:
    """Digits of one turn, and where they stand in it."""

    turn: int
    start: int
    end: int
    digits: int


def find(turns: Sequence[str], fewest: int = FEWEST) -> Iterator[Part]:
    """The parts of each number that goes over two of ``turns`` or more, all by the same speaker.

    >>> [part.turn for part in find(["it's 415", "yes, 555", "and the rest is 1234", "bye"])]
    [0, 1, 2]
    """
    chain: list[Part] = []
    for number, turn in enumerate(turns):
        if part := _part(number, turn):
            chain.append(part)
            continue
        if chain and number - chain[-1].turn - 1 < _MOST_TURNS_BETWEEN and _says_no_number(turn):
            continue
        yield from _if_complete(chain, fewest)
        chain = []
    yield from _if_complete(chain, fewest)


def _if_complete(chain: Sequence[Part], fewest: int) -> Sequence[Part]:
    total = sum(part.digits for part in chain)
    return chain if len(chain) > 1 and fewest <= total <= MOST else ()


def _part(number: int, turn: str) -> Part | None:
    """The one group of digits of a turn that says little else; None where there is none, or several."""
    if re.search(_OTHER, turn, re.IGNORECASE):
        return None
    groups = list(spoken_digits.groups(turn))
    words = len(_WORD.findall(turn))
    if len(groups) != 1 or words > _MOST_WORDS + groups[0].digits:
        return None
    [group] = groups
    others = words - len(_WORD.findall(turn[group.start : group.end]))
    if not 2 <= group.digits <= _LONGEST_PART or (group.digits == 2 and others >= _BARE_WORDS):
        return None
    return Part(number, group.start, group.end, group.digits)


def _says_no_number(turn: str) -> bool:
    return len(_WORD.findall(turn)) <= _MOST_WORDS and not any(spoken_digits.groups(turn))
