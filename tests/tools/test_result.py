"""A tool's result in words for the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentrun.tools.results.result import EMPTY, MOST_CHARACTERS, UnreadableResultError, as_text


class Room(Enum):
    BAR = "bar"


@dataclass
class Table:
    number: int
    free: date


@dataclass
class Named:
    name: str


class Booking(BaseModel):
    at: datetime


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("It's booked.", "It's booked."),
        (7, "7"),
        (0, "0"),
        (False, "false"),
        ({"score": 71}, '{"score":71}'),
        ([1, None], "[1,null]"),
        (Table(3, date(2026, 3, 17)), '{"number":3,"free":"2026-03-17"}'),
        (Booking(at=datetime(2026, 3, 17, 19, 30, tzinfo=UTC)), '{"at":"2026-03-17T19:30:00Z"}'),
        (Decimal("9.50"), '"9.50"'),
        ({5}, "[5]"),
        (Room.BAR, '"bar"'),
        ("naïve ✓", "naïve ✓"),
        ("half a pair: \ud83d", "half a pair: ?"),
        ({"name": "Łódź"}, '{"name":"Łódź"}'),
    ],
)
def test_strings_stay_and_everything_else_becomes_json(result: Any, text: str) -> None:
    assert as_text(result) == text


@pytest.mark.parametrize("result", ["", "  \n", None, [], {}, (), set(), frozenset()])
def test_an_empty_result_is_said_to_be_empty(result: Any) -> None:
    assert as_text(result) == EMPTY


def test_a_long_result_is_cut_and_the_model_is_told() -> None:
    text = as_text("x" * (MOST_CHARACTERS + 1))
    assert text == "x" * MOST_CHARACTERS + "… (cut here: the whole result has 16001 characters)"
    assert as_text("x" * MOST_CHARACTERS) == "x" * MOST_CHARACTERS


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(UnreadableResultError, match="a dict that holds an object"):
        as_text({"socket": object()})


def test_a_result_that_holds_itself_is_an_error() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UnreadableResultError, match="holds itself"):
        as_text(loop)


@given(st.text(st.characters(), max_size=50) | st.dictionaries(st.text("ab"), st.integers(), min_size=1))
def test_every_text_can_be_sent_on(result: Any) -> None:
    text = as_text(result)
    assert text.encode("utf-8")
    if isinstance(result, dict):
        assert json.loads(text) == result


@pytest.mark.parametrize(
    "result",
    [
        {"name": "x\ud83d", "more": [{"y\udc00": 1}]},
        ["\ud83d"],
        Named("\ud83d"),
    ],
)
def test_halves_of_characters_anywhere_in_a_result_cost_nothing_else(result: Any) -> None:
    text = as_text(result)
    assert text.encode()
    assert "?" in text
