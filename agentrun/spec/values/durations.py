"""Durations with a unit: ``30s``, ``800ms``, ``15m``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

PATTERN = r"([0-9]+(?:\.[0-9]+)?) *(ms|s|m|h)"
_DURATION = re.compile(PATTERN)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: object) -> float:
    """Seconds of a duration with its unit; raises PydanticCustomError for anything else.

    >>> seconds("800ms"), seconds("15m")
    (0.8, 900.0)
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return round(float(match[1]) * _SECONDS[match[2]], 6)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError(
            "duration_without_unit",
            "{given} has no unit",
            {"given": value, "hint": f"write {value}s or {value}ms"},
        )
    raise PydanticCustomError(
        "not_a_duration",
        "{given} is not a duration",
        {"given": repr(value), "hint": "write 800ms, 30s or 15m"},
    )


WHOLE_PATTERN = f"^ *{PATTERN} *$"
_Written = Annotated[str, Field(pattern=WHOLE_PATTERN)]
_READ: Any = BeforeValidator(seconds, json_schema_input_type=_Written)
EXAMPLES = ("800ms", "30s", "15m")
Duration = Annotated[float, _READ, Field(examples=list(EXAMPLES))]
"""A duration in the file, seconds in the code. A key with bounds needs examples of its own."""


def is_duration(field: FieldInfo) -> bool:
    """Whether a model's field is a duration, and can be nothing else."""
    return _READ in field.metadata


def is_written(value: object) -> bool:
    """Whether ``value`` is a duration as a file has it."""
    return isinstance(value, str) and _DURATION.fullmatch(value.strip()) is not None


def written(seconds: float) -> str:
    """A duration as a file has it.

    >>> written(0.6), written(90.0), written(1800.0)
    ('600ms', '90s', '30m')
    """
    if seconds and seconds < 1:
        return f"{seconds * 1000:g}ms"
    return f"{seconds / 60:g}m" if seconds >= 300 and not seconds % 60 else f"{seconds:g}s"
