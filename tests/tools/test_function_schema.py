"""What a model sees of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import jsonschema
import pytest
from pydantic import BaseModel, Field, Strict

from agentrun import Call
from agentrun.tools.arguments import function_schema as schema


class Size(Enum):
    SMALL = "S"
    LARGE = "L"


class Address(BaseModel):
    street: str
    title: str = "home"


class Order(BaseModel):
    size: Size
    to: Address
    also: list[Address] = []


@dataclass
class Guest:
    name: str
    age: int | None = None


def properties(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = schema.read(function).parameters
    jsonschema.Draft202012Validator.check_schema(parameters)
    return dict(parameters["properties"])


def test_types_descriptions_and_required_are_what_the_model_sees() -> None:
    def book(guests: int, when: str = "19:30") -> None:
        """Book a table.

        Ask for the number of guests first.

        Args:
            guests: How many people
                are coming.
            when: On the 24-hour clock.

        Returns:
            What was booked.
        """

    signature = schema.read(book)
    assert signature.description == "Book a table.\n\nAsk for the number of guests first."
    assert signature.parameters == {
        "type": "object",
        "properties": {
            "guests": {"type": "integer", "description": "How many people are coming."},
            "when": {"type": "string", "description": "On the 24-hour clock.", "default": "19:30"},
        },
        "required": ["guests"],
        "additionalProperties": False,
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    def hours() -> None:
        """Say when we are open."""

    parameters = schema.read(hours).parameters
    assert (parameters["type"], parameters["properties"], parameters["required"]) == ("object", {}, [])


def test_numpy_and_sphinx_docstrings_describe_parameters_too() -> None:
    def numpy(guests: int) -> None:
        """Book.

        Parameters
        ----------
        guests : int
            How many.
        """

    def sphinx(guests: int) -> None:
        """Book.

        :param guests: How many.
        """

    assert properties(numpy)["guests"]["description"] == "How many."
    assert properties(sphinx)["guests"]["description"] == "How many."


def test_parameters_may_have_the_names_of_pydantic_s_own_methods() -> None:
    def odd(json: str, copy: int, schema: bool, _x: str, model_config: str, title: str, default: str) -> None:
        """Take odd names."""

    names = ("json", "copy", "schema", "_x", "model_config", "title", "default")
    given_all = dict(zip(names, ("a", 1, True, "x", "m", "t", "d"), strict=True))
    signature = schema.read(odd)
    assert list(signature.parameters["properties"]) == list(given_all)
    assert signature.check(given_all) == given_all


def test_nested_types_stand_in_place_without_references() -> None:
    def place(order: Order, guest: Guest, sizes: list[Size]) -> None:
        """Place an order.

        Args:
            order: What, and where to.
        """

    found = properties(place)
    assert "$" not in str(found)
    assert found["order"]["description"] == "What, and where to."
    assert found["order"]["properties"]["size"] == {"enum": ["S", "L"], "type": "string"}
    assert found["order"]["properties"]["to"]["properties"]["title"] == {"type": "string", "default": "home"}
    assert found["order"]["properties"]["also"]["items"]["required"] == ["street"]
    assert found["sizes"]["items"]["enum"] == ["S", "L"]
    assert found["guest"]["required"] == ["name"]


def test_nested_arguments_arrive_as_the_function_s_own_types() -> None:
    def place(order: Order, guest: Guest, day: date, price: Decimal, tags: set[str]) -> None:
        """Place an order."""

    given_all = {
        "order": {"size": "L", "to": {"street": "Via Roma"}},
        "guest": {"name": "Ada"},
        "day": "2026-03-17",
        "price": "9.50",
        "tags": ["a", "b", "a"],
    }
    assert schema.read(place).check(given_all) == {
        "order": Order(size=Size.LARGE, to=Address(street="Via Roma")),
        "guest": Guest("Ada"),
        "day": date(2026, 3, 17),
        "price": Decimal("9.50"),
        "tags": {"a", "b"},
    }


def test_a_strict_date_is_read_from_a_string_as_json_has_no_other() -> None:
    def book(day: Annotated[date, Strict()]) -> None:
        """Book."""

    assert schema.read(book).check({"day": "2026-03-17"}) == {"day": date(2026, 3, 17)}


def test_annotated_and_literal_limits_are_told_to_the_model() -> None:
    def book(guests: Annotated[int, Field(ge=1, le=12)], room: Literal["bar", "hall"] = "hall") -> None:
        """Book."""

    assert properties(book) == {
        "guests": {"type": "integer", "minimum": 1, "maximum": 12},
        "room": {"type": "string", "enum": ["bar", "hall"], "default": "hall"},
    }


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize("default", [object(), math.inf, math.nan, LOOP])
def test_a_default_that_json_cannot_hold_is_left_out_and_still_optional(default: Any) -> None:
    def book(guests: Any = default) -> None:
        """Book."""

    parameters = schema.read(book).parameters
    assert (parameters["properties"], parameters["required"]) == ({"guests": {}}, [])


def test_an_enum_default_is_shown_by_its_value() -> None:
    def book(size: Size = Size.LARGE) -> None:
        """Book."""

    assert properties(book)["size"]["default"] == "L"


def test_null_is_taken_where_the_default_is_none() -> None:
    def book(note: str = None) -> None:  # type: ignore[assignment]  # noqa: RUF013
        """Book."""

    assert schema.read(book).check({"note": None}) == {"note": None}
    assert schema.read(book).check({}) == {}


def test_the_call_is_hidden_from_the_model_however_it_is_written() -> None:
    def book(
        call: Call,
        maybe: Call | None,
        old: Optional[Call],  # noqa: UP045
        text: "Call",  # noqa: UP037
        noted: Annotated[Call, "the call"],
    ) -> None:
        """Book."""

    signature = schema.read(book)
    assert signature.parameters["properties"] == {}
    assert signature.call_parameters == ("call", "maybe", "old", "text", "noted")


def test_of_a_tuple_it_is_said_what_it_holds() -> None:
    """OpenAI refuses every request with a list that does not say so."""

    def place(at: tuple[float, float], named: tuple[str, int]) -> None:
        """Place it."""

    found = properties(place)
    assert found["at"]["items"] == {"type": "number"}
    assert found["named"]["items"] == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
