"""How much of what gives somebody away is hidden, and how much else is."""

from __future__ import annotations

import json

import pytest

from agentrun.records.redaction.redaction import Redaction
from tests.records.redaction.corpus import HIDDEN, KEPT, Case

ALL = Redaction(["phone", "email", "card"])
MARKS = ("[phone]", "[email]", "[card]")


def hidden(case: Case) -> str:
    """What a record has of a case."""
    if isinstance(case, dict):
        return json.dumps(ALL.value(case), ensure_ascii=False)
    return "\n".join(ALL.texts(list(case)))


def is_found(case: Case) -> bool:
    """Whether nothing of it can be read any more: a mark stands there, and hardly a digit."""
    shown = hidden(case)
    digits = sum(letter.isdigit() for letter in shown)
    return any(mark in shown for mark in MARKS) and digits <= 1 and "example" not in shown.lower()


def is_kept(case: Case) -> bool:
    """Whether it is as it was."""
    return not any(mark in hidden(case) for mark in MARKS)


def test_the_corpus_has_two_hundred_of_each() -> None:
    assert len({str(case) for case in HIDDEN}) >= 200
    assert len({str(case) for case in KEPT}) >= 200


def test_98_of_100_numbers_are_found_and_of_those_hidden_98_are_numbers() -> None:
    missed = [case for case in HIDDEN if not is_found(case)]
    wrong = [case for case in KEPT if not is_kept(case)]
    found = len(HIDDEN) - len(missed)
    recall, precision = found / len(HIDDEN), found / (found + len(wrong))
    print(f"recall {recall:.3f}, precision {precision:.3f}")
    assert recall >= 0.98, missed
    assert precision >= 0.98, wrong


@pytest.mark.parametrize(
    "turns",
    [
        ["it's 415", "yes, 555", "and the rest is 0132"],
        ["four one five", "five five five", "oh one three two"],
    ],
)
def test_each_part_of_a_number_is_hidden_in_its_turn(turns: list[str]) -> None:
    shown = ALL.texts(turns)
    assert len(shown) == len(turns)
    assert all("[phone]" in turn for turn in shown), shown


def test_what_stands_around_a_part_stays() -> None:
    assert ALL.texts(["it's 415", "yes, 555", "and the rest is 0132, thanks"]) == [
        "it's [phone]",
        "yes, [phone]",
        "and the rest is [phone], thanks",
    ]


def test_an_argument_is_looked_at_as_a_whole() -> None:
    assert ALL.value({"phone": ["415", "555", "0132"], "guests": 4}) == {
        "phone": ["[phone]"] * 3,
        "guests": 4,
    }
    assert ALL.value({"area": "415", "prefix": "555", "line": "0132"}) == {
        "area": "[phone]",
        "prefix": "[phone]",
        "line": "[phone]",
    }
