"""The base of all spec models."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Flag = Annotated[bool, Strict()]
"""true or false; not the text ``no`` and not 0."""
Count = Annotated[int, Strict()]
"""A whole number; not the text ``'2'``."""
Number = Annotated[float, Strict()]
"""A number; not the text ``'2.5'``."""


class SpecModel(BaseModel):
    """Frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


@dataclass(frozen=True)
class Short:
    """A bare string is short for a mapping with it at ``key``; ``usual`` stands there when nothing does.

    The JSON Schema says so too: whoever writes in an editor may write either.
    """

    key: str
    usual: str | None = None

    def lift(self, value: Any) -> Any:
        """The mapping that ``value`` is short for."""
        if isinstance(value, str):
            return {self.key: value}
        return {self.key: self.usual, **value} if self.usual and isinstance(value, dict) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.lift, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        base = handler(schema)
        short = {"type": "string", SHORT_FOR: self.key}
        long = list(base.get("anyOf", [base]))
        return {"anyOf": [short, *long], **({USUAL: self.key} if self.usual else {})}


@dataclass(frozen=True)
class OrBare:
    """The JSON Schema takes a bare value of these types as well, which the model itself reads."""

    types: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        base = handler(schema)
        return {"anyOf": [*({"type": one} for one in self.types), *base.get("anyOf", [base])]}


SHORT_FOR, USUAL = "x-short-for", "x-usual"
"""Marks in the JSON Schema that ``schema`` takes out again."""


def word(key: str) -> Short:
    """A bare string is short for a mapping with that string at ``key``."""
    return Short(key)


class ListOfOne:
    """A single value is short for a list of one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        base = handler(schema)
        return {"anyOf": [base["items"], base]}


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


list_of_one = ListOfOne()
