"""The parameters of an HTTP tool, as JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired, cast

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    model_validator,
    with_config,
)
from pydantic_core import PydanticCustomError, SchemaError
from typing_extensions import TypedDict

from agentrun.spec.models.base import Count, Flag, Number, SpecModel

_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": Annotated[bool, Strict()],
}
_OWN = {
    "string": ("minLength", "maxLength", "pattern", "enum"),
    "integer": ("minimum", "maximum", "enum"),
    "number": ("minimum", "maximum", "enum"),
    "boolean": (),
    "array": ("items", "minItems", "maxItems"),
    "object": ("properties",),
}
"""What each type may say of itself."""
_KINDS: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}
"""What a value of ``enum`` is in Python."""


def wrong(message: str, hint: str, **given: Any) -> PydanticCustomError:
    """A mistake in an HTTP tool."""
    return PydanticCustomError("http_tool", message, {"hint": hint, **given})


def _is_pattern(value: str) -> str:
    try:
        TypeAdapter(Annotated[str, Field(pattern=value)])
    except SchemaError:
        hint = r"write a regular expression without look-around, such as ^[A-Z]{2}\d{4}$"
        raise wrong("'{given}' is not a valid pattern", hint, given=value) from None
    return value


class Parameter(SpecModel):
    """One argument that the model gives; those of lists and objects have arguments of their own."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"] = "string"
    description: str = ""
    enum: tuple[str | Count | Number, ...] | None = Field(default=None, min_length=1)
    minimum: Number | None = None
    maximum: Number | None = None
    min_length: Count | None = Field(default=None, alias="minLength", ge=0)
    max_length: Count | None = Field(default=None, alias="maxLength", ge=1)
    pattern: Annotated[str, AfterValidator(_is_pattern)] | None = None
    items: Parameter | None = None
    min_items: Count | None = Field(default=None, alias="minItems", ge=0)
    max_items: Count | None = Field(default=None, alias="maxItems", ge=1)
    properties: dict[str, Parameter] | None = None
    required: Flag = True

    @model_validator(mode="after")
    def _says_what_fits_its_type(self) -> Parameter:
        allowed = _OWN[self.type]
        for key in self._written_keys():
            if key not in allowed:
                hint = f"write one of: {', '.join(allowed)}" if allowed else "leave it out"
                raise wrong("type {type} has no `{key}`", hint, type=self.type, key=key)
        if self.type == "array" and self.items is None:
            raise wrong("a list needs `items`", "add for example items: {type: string}")
        if self.type == "object" and not self.properties:
            raise wrong("an object needs `properties`", "add for example properties: {name: {type: string}}")
        self._require_a_range()
        for value in self.enum or ():
            self._require_fitting(value)
        return self

    def _require_a_range(self) -> None:
        """Raise where no value could be within the bounds."""
        for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
            low, high = (getattr(self, _attribute(key)) for key in (least, most))
            if low is None or high is None:
                continue
            if low > high or (self.type == "integer" and math.ceil(low) > math.floor(high)):
                words = "no value is from `{least}` {low} to `{most}` {high}"
                given = {"least": least, "low": f"{low:g}", "most": most, "high": f"{high:g}"}
                raise wrong(words, "exchange them, or leave one out", **given)

    def _require_fitting(self, value: str | float) -> None:
        """Raise for a value of ``enum`` that the type or a bound refuses."""
        given = {"given": value, "type": self.type}
        kinds = (str, int, float) if "type" not in self.model_fields_set else _KINDS[self.type]
        if not isinstance(value, kinds):
            words = "'{given}' in `enum` is no {type}"
            raise wrong(words, "write the type of all of them, or leave `type` out", **given)
        if not isinstance(value, str):
            refused = (self.minimum is not None and value < self.minimum) or (
                self.maximum is not None and value > self.maximum
            )
        else:
            refused = not _takes(Annotated[str, Field(**self._bounds())], value)
        if refused:
            raise wrong("'{given}' in `enum` is refused by the other keys", "leave those out", **given)

    def _written_keys(self) -> Iterator[str]:
        for keys in _OWN.values():
            for key in keys:
                if getattr(self, _attribute(key)) is not None:
                    yield key

    def hint(self) -> Any:
        """The Python type that takes it; bounds say nothing more of what is in a list of values."""
        bounds = {} if self.enum else self._bounds()
        annotation: Any = Annotated[self._kind(), Field(description=self.description or None, **bounds)]
        return annotation if self.required else NotRequired[annotation]

    def _bounds(self) -> dict[str, Any]:
        limits = {
            "ge": self.minimum,
            "le": self.maximum,
            "min_length": self.min_length if self.type == "string" else self.min_items,
            "max_length": self.max_length if self.type == "string" else self.max_items,
            "pattern": self.pattern,
        }
        return {key: value for key, value in limits.items() if value is not None}

    def _kind(self) -> Any:
        if self.enum:
            return Literal[self.enum]
        if self.items is not None:
            return list[self.items.hint()]  # type: ignore[misc]
        if self.properties is not None:
            return shape("object", self.properties)
        return _TYPES[self.type]


def _attribute(key: str) -> str:
    """The name here of a key of a spec: ``min_length`` of ``minLength``."""
    return next((name for name, field in Parameter.model_fields.items() if field.alias == key), key)


def _takes(annotation: Any, value: str) -> bool:
    try:
        TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


def shape(name: str, parameters: Mapping[str, Parameter]) -> Any:
    """The Python type of an object with ``parameters``, strict about other keys."""
    mapping = cast(Any, TypedDict)(name, {key: each.hint() for key, each in parameters.items()})
    return with_config(ConfigDict(extra="forbid"))(mapping)
