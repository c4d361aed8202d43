"""``@tool`` sets the options of one tool."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from pydantic_core import PydanticCustomError

from agentrun.spec.values import durations

F = TypeVar("F", bound=Callable[..., Any])
OnInterrupt = Literal["cancel", "finish"]

ATTRIBUTE = "__agentrun_tool__"
TIMEOUT, SAY_AFTER = 10.0, 0.7


@dataclass(frozen=True)
class ToolOptions:
    """``name`` replaces the function's own; ``timeout`` and ``say_after`` are in seconds."""

    name: str | None = None
    timeout: float = TIMEOUT
    say: str | None = None
    say_after: float = SAY_AFTER
    on_interrupt: OnInterrupt = "cancel"
    once_per_call: bool = False
    confirm: bool = False


def tool(
    *,
    name: str | None = None,
    timeout: float | str = TIMEOUT,
    say: str | None = None,
    say_after: float | str = SAY_AFTER,
    on_interrupt: OnInterrupt = "cancel",
    once_per_call: bool = False,
    confirm: bool = False,
) -> Callable[[F], F]:
    """Set a tool's options; a plain function without the decorator is a tool as well.

    ``name`` is the name that the model sees: at most 64 letters, digits, ``_`` and ``-``. Durations are
    numbers of seconds or strings with a unit, such as ``"5s"``. A spec can override everything but ``name``.

    - ``timeout``: a slower tool is cancelled, and the model is told so. (A ``def`` can't be cancelled; it is
      no longer waited for.)
    - ``say``: spoken once the tool has been running and nobody has spoken for ``say_after``.
    - ``on_interrupt``: what happens if the caller speaks while the tool runs. ``cancel`` cancels the tool and
      tells the model so; ``finish`` lets it finish, and the model gets its result then.
    - ``once_per_call``: a repeated call with the same arguments gets the result of the first, even if that is
      still running; an interruption does not cancel it. A call refused by ToolError may be repeated.
    - ``confirm``: the first call only makes the model ask the caller; the tool runs when it is called again
      with the same arguments after the caller has spoken.

    Raises ValueError for a duration that is not above 0 and for an unknown ``on_interrupt``.

    >>> @tool(timeout="3s", say="Let me look that up.")
    ... def opening_hours() -> str:
    ...     '''Say when we are open.'''
    ...     return "From six to eleven."
    """
    if on_interrupt not in get_args(OnInterrupt):
        raise ValueError(f"on_interrupt={on_interrupt!r} is not one of {', '.join(get_args(OnInterrupt))}")
    seconds, after = _seconds("timeout", timeout), _seconds("say_after", say_after)
    return _mark(ToolOptions(name, seconds, say, after, on_interrupt, once_per_call, confirm))


def _mark(options: ToolOptions) -> Callable[[F], F]:
    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, options)
        return function

    return mark


def _seconds(name: str, value: float | str) -> float:
    try:
        seconds = durations.seconds(value) if isinstance(value, str) else value
    except PydanticCustomError as error:
        hint = (error.context or {}).get("hint", "")
        raise ValueError(f"{name}: {error.message()}; {hint}") from None
    if not 0 < seconds < math.inf:
        raise ValueError(f"{name}={value} is not a number of seconds above 0")
    return seconds
