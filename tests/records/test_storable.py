"""What comes from outside can be written, encoded and sent, whatever it holds."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentrun.records.storable import MOST_CHARACTERS, MOST_DEPTH, kept, storable, text

ANY_TEXT = st.text(st.characters(), max_size=20)
"""With surrogates and controls, as JSON may carry them."""
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=3),
    max_leaves=12,
)


@given(ANYTHING)
def test_anything_becomes_json_that_can_be_encoded_and_reads_back_the_same(value: Any) -> None:
    found = storable(value)
    written = json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert json.loads(written) == found
    assert "\x00" not in json.loads(json.dumps(str(found)))
    assert storable(found) == found


@given(ANYTHING)
def test_what_json_gave_is_read_as_storable_says_and_is_not_copied_where_it_stays(value: Any) -> None:
    for row in ({"part": value}, {"part": storable(value)}):
        assert kept(row) == storable(row)
    row = {"part": storable(value)}
    assert kept(row) is row


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_text_that_can_be_stored_is_left_as_it_is(value: str) -> None:
    assert text(value) == value


def test_halves_of_pairs_and_nul_are_replaced_and_whole_pairs_stay() -> None:
    assert text("a\ud83d b\x00 \U0001f600") == "a\ufffd b\ufffd \U0001f600"
    assert storable({"\ud83d": ["\udc00"]}) == {"\ufffd": ["\ufffd"]}


def test_a_number_that_no_database_holds_becomes_a_text() -> None:
    numbers = (math.inf, -math.inf, math.nan, 1 << 63, -(1 << 80), 10**5000)
    assert all(isinstance(storable(number), str) for number in numbers)


def test_what_is_nested_too_deeply_or_is_too_long_is_cut_and_says_so() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert json.dumps(storable(deep)).count("[") == MOST_DEPTH
    assert text("x" * (MOST_CHARACTERS + 5)).endswith(f"the whole text has {MOST_CHARACTERS + 5} characters)")
