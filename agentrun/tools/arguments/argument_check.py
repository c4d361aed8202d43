"""Validates the arguments that a model passes to a tool."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from agentrun.errors import ToolError

MOST_PROBLEMS = 5
MOST_SHOWN = 80


class SignatureError(Exception):
    """A function that can't be a tool; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Signature:
    """A tool's arguments, as a schema for the model and as validation.

    ``call_parameters`` are the parameters typed ``Call``, which the model never sees.
    """

    description: str
    parameters: Mapping[str, Any]
    arguments: TypeAdapter[dict[str, Any]]
    call_parameters: tuple[str, ...]

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Validate arguments and convert them to the function's types; raises ToolError for the model."""
        try:
            # As JSON, which they came from: a date is a string there, and a set a list.
            return dict(self.arguments.validate_json(to_json(arguments)))
        except ValidationError as error:
            names = list(self.parameters["properties"])
            problems = [_explain(item, names) for item in error.errors(include_url=False)[:MOST_PROBLEMS]]
        raise ToolError(" ".join([*problems, "Call again with arguments that fit."]))


def _explain(item: ErrorDetails, names: list[str]) -> str:
    if not item["loc"]:
        return f"The arguments are {_quoted(item['input'])}, not an object with {_listed(names)}."
    name = _path(item["loc"])
    if item["type"] == "missing":
        return f"Argument '{name}' is missing."
    if item["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, names, 1)
        instead = f"did you mean '{close[0]}'" if close else f"it takes {_listed(names)}"
        return f"There is no argument '{name}': {instead}."
    expected = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ").rstrip(".")
    verb = "should be " if item["msg"].startswith("Input should be ") else ""
    return f"Argument '{name}' is {_quoted(item['input'])}: {verb}{expected}."


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "no arguments"
