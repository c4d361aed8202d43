"""``extract:`` in a spec: typed fields that a model reads from a conversation."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Number, OrBare, SpecModel, Text
from agentrun.spec.values.template_names import NAMES

TYPES = ("string", "integer", "number", "boolean", "array")
MOST_FIELDS = 50


def _is_variable(value: str) -> str:
    if not value.isidentifier() or len(value) > 64:
        raise _wrong("'{given}' can't be a variable's name", "use at most 64 letters, digits and _", value)
    if value in NAMES:
        raise _wrong("'{given}' is taken: every prompt has it", "choose another name", value)
    return value


def _wrong(message: str, hint: str, given: object = "") -> PydanticCustomError:
    return PydanticCustomError("variable", message, {"given": given, "hint": hint})


VariableName = Annotated[str, AfterValidator(_is_variable)]
"""The name of a value that a call finds out: a prompt writes it as ``{{ name }}``."""


class ExtractedField(SpecModel):
    """One value; a bare word is its type if it names one (`boolean`), else its description."""

    type: Literal["string", "integer", "number", "boolean", "array"] = Field(
        default="string", description="Its type, as in JSON Schema."
    )
    description: Text | None = Field(default=None, description="What it is, for the model.")
    enum: tuple[Text, ...] | None = Field(
        default=None, min_length=1, description="The only values that a `string` may have."
    )
    items: Literal["string", "integer", "number", "boolean"] | None = Field(
        default=None, description="What is in an `array`; `string` by default."
    )
    minimum: Number | None = Field(default=None, description="The smallest value of a number.")
    maximum: Number | None = Field(default=None, description="The largest value of a number.")

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in TYPES and (close := get_close_matches(value.strip().lower(), TYPES, 1, 0.75)):
            raise _wrong("'{given}' is not a type", f"did you mean '{close[0]}'? else describe it", value)
        return {"type": value} if value in TYPES else {"description": value}

    @field_validator("items", mode="before")
    @classmethod
    def _as_schema(cls, value: Any) -> Any:
        """JSON Schema's ``{type: string}``, as an HTTP tool's parameters have it."""
        return value["type"] if isinstance(value, dict) and set(value) == {"type"} else value

    @model_validator(mode="after")
    def _says_what_fits_its_type(self) -> Self:
        if self.enum and self.type != "string":
            raise _wrong("type {given} has no `enum`", "leave `type` out, or `enum`", self.type)
        if self.items and self.type != "array":
            raise _wrong("type {given} has no `items`", "write type: array", self.type)
        limited = self.minimum is not None or self.maximum is not None
        if limited and self.type not in ("integer", "number"):
            raise _wrong("type {given} has no `minimum` and no `maximum`", "write type: integer", self.type)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise _wrong("`minimum` is more than `maximum`", "exchange the two")
        return self


Fields = Annotated[
    dict[VariableName, Annotated[ExtractedField, OrBare(("string",))]], Field(max_length=MOST_FIELDS)
]
"""Values by name."""
