"""What all models of a spec are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Flag = Annotated[bool, Strict()]
"""true or false; not the text ``no`` and not 0."""
Count = Annotated[int, Strict()]
"""A whole number; not the text ``'2'``."""
Number = Annotated[float, Strict()]
"""A number; not the text ``'2.5'``."""


class SpecModel(BaseModel):
    """Frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def word(key: str) -> BeforeValidator:
    """A bare string is short for a mapping with that string at ``key``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


list_of_one = BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,))
"""A single value is short for a list of one."""
