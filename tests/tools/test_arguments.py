"""Arguments that don't fit come back in words that let a model try again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel

from agentrun import ToolError
from agentrun.tools.arguments import function_schema
from agentrun.tools.arguments.argument_check import Signature


def even(number: int) -> int:
    if number % 2:
        raise ValueError("we seat couples only, so the number must be even")
    return number


class Guest(BaseModel):
    name: str


@pytest.fixture
def booking() -> Signature:
    def book(
        guests: Annotated[int, AfterValidator(even)],
        room: Literal["bar", "hall"] = "hall",
        people: list[Guest] = [],  # noqa: B006
    ) -> None:
        """Book a table."""

    return function_schema.read(book)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Argument 'guests' is missing."),
        ({"guests": "many"}, "Argument 'guests' is 'many': should be a valid integer"),
        ({"guests": None}, "Argument 'guests' is None: should be a valid integer."),
        ({"guests": 3}, "Argument 'guests' is 3: we seat couples only, so the number must be even."),
        ({"guests": 2, "room": "bra"}, "Argument 'room' is 'bra': should be 'bar' or 'hall'."),
        ({"guests": 2, "rooms": "bar"}, "There is no argument 'rooms': did you mean 'room'."),
        ({"guests": 2, "zzz": 1}, "There is no argument 'zzz': it takes 'guests', 'room', 'people'."),
        ({"guests": 2, "people": [{}]}, "Argument 'people.0.name' is missing."),
        (["many"], "The arguments are ['many'], not an object with 'guests', 'room', 'people'."),
    ],
)
def test_the_words_name_the_argument_what_was_given_and_what_is_expected(
    booking: Signature, arguments: Any, words: str
) -> None:
    with pytest.raises(ToolError) as caught:
        booking.check(arguments)
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith("Call again with arguments that fit.")


def test_every_wrong_argument_is_named_at_once(booking: Signature) -> None:
    with pytest.raises(ToolError, match=r"'guests' is missing.*'room' is 7"):
        booking.check({"room": 7})


def test_a_huge_argument_is_not_repeated_to_the_model(booking: Signature) -> None:
    with pytest.raises(ToolError) as caught:
        booking.check({"guests": "9" * 100_000 + "x"})
    assert len(str(caught.value)) < 400


def test_numbers_and_booleans_in_quotes_are_understood(booking: Signature) -> None:
    assert booking.check({"guests": "4"}) == {"guests": 4}
