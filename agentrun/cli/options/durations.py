"""Options that take a duration with its unit, such as ``--drain 5m``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from pydantic_core import PydanticCustomError

        from agentrun.spec.values.durations import seconds

        if isinstance(value, float):
            return value
        try:
            return seconds(value)
        except PydanticCustomError as error:
            hint = (error.context or {}).get("hint", "")
            return self.fail(f"{error.message()}: {hint}", param, ctx)


DURATION = _Duration()
"""The click type of a duration: ``30s`` or ``5m`` on the command line, seconds in the code."""


def duration_option(name: str, text: str, default: str | None = None) -> Callable[[_F], _F]:
    """An option called ``name`` that takes a duration; its value is in seconds, or None without a default."""
    return click.option(name, type=DURATION, default=default, show_default=True, help=text)
