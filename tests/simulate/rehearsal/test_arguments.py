"""Arguments filled from what was said."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from agentrun.simulate.rehearsal import spoken_times
from agentrun.simulate.rehearsal.arguments import gather, is_question
from agentrun.simulate.rehearsal.spoken_numbers import find_number

WEDNESDAY = datetime.date(2026, 3, 18)
TABLE: dict[str, Any] = {
    "properties": {
        "guests": {"type": "integer", "description": "How many people are coming."},
        "time": {"type": "string", "description": "Arrival time on the 24-hour clock, such as 19:30."},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
    "required": ["guests", "time"],
}


def one(name: str, schema: dict[str, Any], *said: str) -> Any:
    wanted = {"properties": {name: schema}, "required": [name]}
    return gather(wanted, said, {}, WEDNESDAY)[0].get(name)


def test_number_and_time_are_told_apart() -> None:
    found, question = gather(TABLE, ["A table for four at 7:30 pm, please"], {}, WEDNESDAY)
    assert (found, question) == ({"guests": 4, "time": "19:30"}, "")


def test_the_first_missing_argument_is_asked_for_in_the_tools_own_words() -> None:
    _, question = gather(TABLE, ["A table, please"], {}, WEDNESDAY)
    assert question == "Could you tell me how many people are coming?"
    assert is_question(question)


def test_later_words_answer_the_questions() -> None:
    found, question = gather(TABLE, ["A table, please", "For 6"], {}, WEDNESDAY)
    assert found == {"guests": 6}
    assert question == "Could you tell me the arrival time on the 24-hour clock?"
    found, question = gather(TABLE, ["A table, please", "For 6", "seven o'clock"], {}, WEDNESDAY)
    assert (found, question) == ({"guests": 6, "time": "07:00"}, "")


def test_known_arguments_are_kept() -> None:
    found, _ = gather(TABLE, ["For four at noon"], {"guests": 2}, WEDNESDAY)
    assert found == {"guests": 2, "time": "12:00"}


def test_two_numbers_fill_two_arguments_in_their_order() -> None:
    both = {"properties": {"adults": {"type": "integer"}, "children": {"type": "integer"}}}
    assert gather(both, ["Two adults and three children"], {}, WEDNESDAY)[0] == {"adults": 2, "children": 3}


@pytest.mark.parametrize(
    ("said", "choice"), [("the women's games", "women"), ("men please", "men"), ("hello", None)]
)
def test_a_choice_is_a_whole_word(said: str, choice: str | None) -> None:
    assert one("who", {"enum": ["men", "women"], "type": "string"}, said) == choice


def test_a_missing_choice_is_asked_for_with_the_choices() -> None:
    choice = {"enum": ["men", "women"], "description": "Whose games."}
    _, question = gather({"properties": {"who": choice}, "required": ["who"]}, ["scores"], {}, WEDNESDAY)
    assert question == "Could you tell me whose games: men or women?"


def test_a_name_is_the_last_one_in_the_sentence() -> None:
    assert one("team", {"type": "string"}, "Did they play North Carolina?") == "North Carolina"


def test_a_name_that_was_asked_for_may_be_any_words() -> None:
    assert one("topic", {"type": "string"}, "I have a question", "opening hours.") == "opening hours"


def test_yes_and_no_count_only_as_an_answer() -> None:
    assert one("vegan", {"type": "boolean"}, "Yes, a table") is None
    assert one("vegan", {"type": "boolean"}, "A table", "Yes please") is True
    assert one("vegan", {"type": "boolean"}, "A table", "No thanks") is False


def test_an_order_number_may_hold_letters() -> None:
    assert one("order_id", {"type": "string"}, "Where is my order A-4711?") == "A-4711"


def test_a_phone_number_loses_its_spaces() -> None:
    assert one("phone", {"type": "string"}, "Call me at +1 555 123 4567.") == "+15551234567"


@pytest.mark.parametrize("kind", ["array", "object"])
def test_what_cannot_be_said_in_words_is_not_invented(kind: str) -> None:
    assert one("rows", {"type": kind}, "Two of Duke") is None


def test_an_empty_schema_needs_nothing() -> None:
    assert gather({}, ["anything"], {}, WEDNESDAY) == ({}, "")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("at 7 pm", "19:00"),
        ("at 7:45 p.m.", "19:45"),
        ("12 am", "00:00"),
        ("half past seven", "07:30"),
        ("seven thirty pm", "19:30"),
        ("19:30", "19:30"),
        ("at midnight", "00:00"),
        ("for 7 people", None),
        ("at 25:00", None),
        ("at 7:75", None),
    ],
)
def test_a_time_is_read_from_words_and_what_is_none_is_left(said: str, at: str | None) -> None:
    assert spoken_times.time(said) == at


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("tonight", "2026-03-18"),
        ("tomorrow", "2026-03-19"),
        ("the day after tomorrow", "2026-03-20"),
        ("on Friday", "2026-03-20"),
        ("on Wednesday", "2026-03-25"),
        ("on 2026-04-01", "2026-04-01"),
        ("some day", None),
    ],
)
def test_a_day_is_read_from_words_and_counted_from_today(said: str, day: str | None) -> None:
    assert spoken_times.date(said, WEDNESDAY) == day


@pytest.mark.parametrize(
    ("said", "number"),
    [("twenty-one", 21), ("1,200 dollars", 1200), ("room 12", 12), ("nobody", None), ("someone", None)],
)
def test_a_whole_number_is_read_from_words_and_not_found_within_them(said: str, number: int | None) -> None:
    found = find_number(said, whole=True)
    assert (found and found[0]) == number


def test_a_fraction_is_a_number_but_not_a_whole_one() -> None:
    assert one("miles", {"type": "number"}, "2.5 miles") == 2.5
    assert one("miles", {"type": "integer"}, "2.5 miles") is None
