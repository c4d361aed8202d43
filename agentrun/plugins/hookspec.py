"""The hooks that a plugin may implement; this file is their manual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pluggy

hookspec = pluggy.HookspecMarker("agentrun")


@hookspec
def agentrun_tools() -> Sequence[Callable[..., Any]]:  # type: ignore[empty-body]
    """Give the functions that an agent may call.

    Returns functions, ``def`` or ``async def``, each with type hints and a docstring: the docstring's
    first lines tell the model what the function is for, its ``Args:`` what each argument means. A
    parameter typed ``Call`` is filled by the host and is not shown to the model. A function may return
    a string, or anything that JSON can hold.

    Called once, when the spec that names the plugin is loaded; it must not do any work but name the functions.
    An exception here, a function without docstring, or one without type hints is a ``PluginError``.

    >>> from agentrun import hookimpl
    >>> def opening_hours() -> str:
    ...     '''Say when the restaurant is open.'''
    ...     return "From six to eleven in the evening, every day but Monday."
    >>> @hookimpl
    ... def agentrun_tools():
    ...     return [opening_hours]
    """
