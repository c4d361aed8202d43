"""Data of a schema: what a strict client of OpenAI's reads without a complaint."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from agentrun.simulate.engines.structured_data import data_for
from tests.processor_time import at_most


class Guest(BaseModel):
    name: str
    friends: list[Guest]


class Table(BaseModel):
    guests: int = Field(ge=2)
    room: Literal["garden", "hall"]
    note: str | None
    host: Guest
    outside: bool
    price: float
    others: list[Guest] = Field(min_length=1)


class Endless(BaseModel):
    next: Endless


class Tree(BaseModel):
    left: Tree
    middle: Tree | None
    right: Tree
    leaves: list[Tree]


def test_every_property_has_the_least_that_its_type_allows() -> None:
    schema = Table.model_json_schema()
    found = data_for(schema, {})
    Draft202012Validator(schema).validate(found)
    table = Table.model_validate(found)
    assert (table.guests, table.room, table.note, len(table.others)) == (2, "garden", None, 1)
    assert data_for(schema, {"guests": 4})["guests"] == 4


def test_a_schema_that_holds_itself_has_an_end() -> None:
    assert "next" in data_for(Endless.model_json_schema(), {})


def test_a_schema_that_holds_itself_several_times_has_an_end_soon() -> None:
    inner: dict[str, Any] = {"left": None, "middle": None, "right": None, "leaves": []}
    with at_most(1.0):
        assert data_for(Tree.model_json_schema(), {}) == {**inner, "left": inner, "right": inner}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": None},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {
            "properties": {
                "a": True,
                "b": {"$ref": 4},
                "c": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            }
        },
    ],
    ids=["nothing", "null", "unknown", "itself", "odd"],
)
def test_what_is_no_schema_is_no_mistake(schema: dict[str, Any]) -> None:
    assert all(value is None for value in data_for(schema, {}).values())
