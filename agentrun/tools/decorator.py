"""``@tool`` sets what differs from the usual for one tool."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE = "__agentrun_tool__"


@dataclass(frozen=True)
class ToolOptions:
    """``name`` replaces the function's own; ``timeout`` is in seconds."""

    name: str | None = None
    timeout: float = 10.0


def tool(*, name: str | None = None, timeout: float = 10.0) -> Callable[[F], F]:
    """Set a tool's options; a plain function without it is a tool as well.

    ``name`` is what the model calls it by: letters, digits, ``_`` and ``-``, at most 64. ``timeout`` is in
    seconds: a tool that is slower is stopped, and the model is told so. (A ``def`` that is past its time
    can't be stopped: nobody waits for it any more.) Raises ValueError for a timeout that is not above 0.

    >>> @tool(timeout=3)
    ... def opening_hours() -> str:
    ...     '''Say when we are open.'''
    ...     return "From six to eleven."
    """
    if not 0 < timeout < math.inf:
        raise ValueError(f"timeout={timeout} is not a number of seconds above 0")

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, ToolOptions(name, timeout))
        return function

    return mark
