"""Typed values that a model reads from a conversation."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agentrun.spec.models.tools.extracted_fields import ExtractedField, Fields
from agentrun.spec.values import field_values


def _fields(**fields: Any) -> dict[str, ExtractedField]:
    return TypeAdapter(Fields).validate_python(fields)


def test_a_bare_word_is_a_type_or_a_description() -> None:
    found = _fields(satisfied="boolean", name="The caller's full name")
    assert found["satisfied"].type == "boolean"
    assert found["name"].type == "string"
    assert found["name"].description == "The caller's full name"


def test_every_field_is_required_and_may_be_null_as_strict_schemas_want() -> None:
    schema = field_values.strict_schema(_fields(size={"enum": ["small", "large"]}, tags={"type": "array"}))
    assert schema["required"] == ["size", "tags"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["size"] == {"type": ["string", "null"], "enum": ["small", "large", None]}
    assert schema["properties"]["tags"] == {"type": ["array", "null"], "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("integer", '"4"', 4),
        ("integer", "4.0", 4),
        ("number", '"2.5"', 2.5),
        ("boolean", '"yes"', True),
        ("string", "12", "12"),
        ({"enum": ["small", "large"]}, '"Large"', "large"),
        ({"type": "array", "items": "integer"}, '["1", 2]', [1, 2]),
        ({"type": "array", "items": {"type": "integer"}}, '["1", 2]', [1, 2]),
    ],
)
def test_a_value_that_is_written_otherwise_is_read_as_its_type(field: Any, written: str, value: Any) -> None:
    assert field_values.read(_fields(x=field), f'{{"x": {written}}}') == ({"x": value}, [])


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("integer", '"four"'),
        ("integer", "4.5"),
        ("integer", "true"),
        ("number", "1e999"),
        ("boolean", '"perhaps"'),
        ("string", "{}"),
        ({"enum": ["small", "large"]}, '"huge"'),
        ({"type": "integer", "minimum": 1, "maximum": 12}, "13"),
        ({"type": "array"}, '"cheese"'),
    ],
)
def test_a_value_of_another_type_is_left_out_and_told_beside_those_that_fit(field: Any, written: str) -> None:
    values, troubles = field_values.read(_fields(x=field, y="string"), f'{{"x": {written}, "y": "kept"}}')
    assert values == {"y": "kept"}
    assert len(troubles) == 1
    assert troubles[0].startswith("'x' is ")


def test_null_and_what_is_missing_are_no_values() -> None:
    assert field_values.read(_fields(x="string", y="string"), '{"x": null}') == ({}, [])


def test_what_stands_around_the_json_is_passed_over() -> None:
    assert field_values.read(_fields(x="string"), 'Here:\n```json\n{"x": "a"}\n```')[0] == {"x": "a"}


@pytest.mark.parametrize("text", ["", "nothing", "[1]", "{broken}", "{" * 100_000 + "}" * 100_000])
def test_what_is_no_json_is_told(text: str) -> None:
    assert field_values.read(_fields(x="string"), text) == ({}, ["the model's answer is not JSON"])


def test_long_texts_and_lists_are_cut() -> None:
    fields = _fields(x="string", y={"type": "array"})
    values, _ = field_values.read(fields, f'{{"x": "{"a" * 5000}", "y": {list(range(200))}}}')
    assert len(values["x"]) == field_values.MOST_CHARACTERS
    assert len(values["y"]) == field_values.MOST_ITEMS


@pytest.mark.parametrize(
    "wrong",
    [
        {"call": "string"},
        {"a-b": "string"},
        {"x": {"type": "integer", "enum": ["1"]}},
        {"x": {"items": "string"}},
        {"x": {"minimum": 1}},
        {"x": {"type": "integer", "minimum": 2, "maximum": 1}},
    ],
)
def test_a_field_that_can_t_be_read_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Fields).validate_python(wrong)
