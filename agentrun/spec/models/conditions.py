"""Conditions on a call's variables, as in ``{plan: gold, age: {at_least: 18}}``."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Count, Flag, Number, OrBare, SpecModel, Text

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OPERATORS = {
    ">=": "at_least",
    "<=": "at_most",
    ">": "more_than",
    "<": "less_than",
    "==": "equals",
    "!=": "not",
}
_OPERATOR = re.compile(r"\s*(>=|<=|==|!=|>|<)(.*)")
Plain = str | Count | Number | Flag
"""What a variable may be compared with."""


def _is_path(value: str) -> str:
    if not _PATH.fullmatch(value):
        hint = "write plan, or customer.plan for what is inside"
        raise PydanticCustomError(
            "variable", "'{given}' can't be a variable's name", {"given": value, "hint": hint}
        )
    return value


class Comparison(SpecModel):
    """Conditions on a variable, all of which must hold. A bare value is short for `equals`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    equals: Plain | None = Field(default=None, description="It equals this; `30` and `'30'` are the same.")
    is_not: Plain | None = Field(default=None, alias="not", description="It is anything but this.")
    one_of: tuple[Plain, ...] | None = Field(
        default=None, alias="in", min_length=1, description="It is one of these."
    )
    contains: Plain | None = Field(default=None, description="It is a list or a text that contains this.")
    at_least: Number | None = Field(default=None, description="It is a number, and at least this.")
    at_most: Number | None = Field(default=None, description="It is a number, and at most this.")
    more_than: Number | None = Field(default=None, description="It is a number, and more than this.")
    less_than: Number | None = Field(default=None, description="It is a number, and less than this.")
    is_set: Flag | None = Field(default=None, description="Whether it has a value.")

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, value: Any) -> Any:
        return {"equals": value} if isinstance(value, str | int | float | bool) else value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("together", "write what it is compared with, such as `{at_least: 18}`")
        return self

    @model_validator(mode="after")
    def _is_no_sum(self) -> Self:
        match = _OPERATOR.match(self.equals) if isinstance(self.equals, str) else None
        if match:
            name, rest = _OPERATORS[match[1]], match[2].strip()
            given = {"given": self.equals, "hint": f"write {{{name}: {rest}}}"}
            raise PydanticCustomError("together", "'{given}' would be compared as a text", given)
        return self

    @property
    def orders(self) -> dict[str, float]:
        """The comparisons that are for numbers alone."""
        limits = {key: getattr(self, key) for key in ("at_least", "at_most", "more_than", "less_than")}
        return {key: value for key, value in limits.items() if value is not None}

    @property
    def words(self) -> tuple[Plain, ...]:
        """The values that the variable is compared with as a whole."""
        single = [value for value in (self.equals, self.is_not) if value is not None]
        return (*single, *(self.one_of or ()))


Condition = Annotated[
    dict[
        Annotated[str, AfterValidator(_is_path)],
        Annotated[Comparison, OrBare(("string", "number", "boolean"))],
    ],
    Field(min_length=1, max_length=20),
]
"""Variables by name, and what must be true of each."""


class ConditionalWay(SpecModel):
    """A transition to a node; the first whose `when` holds is taken."""

    when: Condition | None = Field(
        default=None,
        description="Conditions on variables, all of which must be true; without it the way is always taken.",
        examples=[{"plan": "gold", "age": {"at_least": 18}}],
    )
    to: Text = Field(description="The node.")
