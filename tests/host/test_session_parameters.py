"""What a session's body becomes."""

from __future__ import annotations

from typing import Any

import pytest

from agentrun.host import session_parameters

DEEP: Any = []
for _ in range(5_000):
    DEEP = [DEEP]


def test_values_are_text_and_structures_are_json() -> None:
    given = {"name": "Ann", "order": 7, "price": 1.5, "vip": False, "who": {"age": 3}, "of": [1, "é"]}
    assert session_parameters.parameters(given) == {
        "name": "Ann", "order": "7", "price": "1.5", "vip": "False", "who": '{"age": 3}', "of": '[1, "é"]',
    }  # fmt: skip


@pytest.mark.parametrize("given", [None, "text", 7, [], [1], b"x"])
def test_what_is_no_mapping_gives_nothing(given: object) -> None:
    assert session_parameters.parameters(given) == {}


@pytest.mark.parametrize("value", ["x" * 4_097, ["x" * 5_000], DEEP, {1: object()}])
def test_a_value_that_is_too_much_is_left_out_and_the_rest_stays(value: Any) -> None:
    assert session_parameters.parameters({"big": value, "name": "Ann"}) == {"name": "Ann"}


def test_no_more_than_64_names_of_64_characters_come_through() -> None:
    found = session_parameters.parameters({"x" * 65: "1", **{f"n{number}": "1" for number in range(100)}})
    assert len(found) == 64
    assert max(map(len, found)) <= 64


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 65, 7, "../../etc", "é"])
def test_what_can_name_no_call_becomes_a_random_name(given: object) -> None:
    first, second = session_parameters.call_id(given), session_parameters.call_id(given)
    assert first != second
    assert len(first) == 32


def test_a_session_names_its_call() -> None:
    assert session_parameters.call_id("0b7e-1") == "0b7e-1"
