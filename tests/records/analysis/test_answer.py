"""A model's answer is taken for what it says, or refused in words that it can mend."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentrun.records.analysis.answer import MOST_CHARACTERS, AnswerError, read
from agentrun.spec.models.after_call import AfterCall

TOO_MANY = MOST_CHARACTERS


def fields(**wanted: Any) -> AfterCall:
    return AfterCall.model_validate({"summary": False, "fields": wanted})


def given(**found: Any) -> str:
    return json.dumps({"fields": found})


@pytest.mark.parametrize(
    "text",
    ['{"summary": "Booked."}', '```json\n{"summary": "Booked."}\n```', ' ```\n{"summary": "Booked."}``` '],
)
def test_an_object_is_read_with_a_fence_around_it_too(text: str) -> None:
    assert read(text, AfterCall()) == {"summary": "Booked."}


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("boolean", True, True),
        ("boolean", None, None),
        ("integer", 3, 3),
        ("number", 2.5, 2.5),
        ({"enum": ["yes", "no"]}, "no", "no"),
        ({"type": "array"}, ["b", "a"], ["b", "a"]),
        ({"type": "array"}, None, None),
    ],
)
def test_a_value_of_its_kind_is_kept(field: Any, value: Any, kept: Any) -> None:
    assert read(given(it=value), fields(it=field)) == {"fields": {"it": kept}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("boolean", "perhaps"),
        ("integer", 2.5),
        ("integer", "a dozen"),
        ({"enum": ["yes", "no"]}, "maybe"),
        ({"type": "array"}, "soup"),
        ({"type": "integer", "maximum": 5}, 6),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(field: Any, value: Any) -> None:
    with pytest.raises(AnswerError, match="'it'"):
        read(given(it=value), fields(it=field))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "They booked.",
        "[]",
        "3",
        "null",
        "{",
        '{"a":' * 5000 + "}",
        '{"summary": "' + "x" * TOO_MANY + '"}',
    ],
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(AnswerError):
        read(text, AfterCall())


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(AnswerError):
        read('{"fields": {"it": NaN}}', fields(it="number"))
    with pytest.raises(AnswerError):
        read('{"fields": {"it": 1e999}}', fields(it="integer"))


def test_what_is_missing_is_null_and_what_nobody_asked_for_is_left_out() -> None:
    assert read(given(other=1), fields(it="number")) == {"fields": {"it": None}}
    assert read('{"summary": "x", "secret": 1}', AfterCall()) == {"summary": "x"}


def test_fields_that_are_no_object_are_refused() -> None:
    with pytest.raises(AnswerError, match="'fields'"):
        read('{"fields": [1]}', fields(it="number"))


def test_an_empty_summary_is_none() -> None:
    with pytest.raises(AnswerError, match="summary"):
        read('{"summary": " "}', AfterCall())
    with pytest.raises(AnswerError, match="summary"):
        read('{"summary": null}', AfterCall())


def test_success_may_not_be_told() -> None:
    assert read('{"success": null}', AfterCall(summary=False, success="sold")) == {"success": None}
