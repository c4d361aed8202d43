"""Describes a test's expectation in one line."""

from __future__ import annotations

from typing import Any

from agentrun.spec.models.scenarios import Expectation


def describe(expectation: Expectation) -> str:
    """An expectation in one line.

    >>> describe(Expectation(event="response", text_contains="Duke"))
    'response, text_contains Duke'
    """
    fields = expectation.model_dump(exclude_unset=True, exclude={"event"})
    rest = ", ".join(f"{key} {_short(value)}" for key, value in fields.items())
    return f"{expectation.event}{', ' + rest if rest else ''}"


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(_short(one) for one in value)
    if isinstance(value, dict) and "name" in value:
        arguments = value.get("args") or {}
        return f"{value['name']}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
    return str(value)
