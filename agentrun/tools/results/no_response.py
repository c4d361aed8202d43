"""``NO_RESPONSE``: the model takes note of the result without speaking."""

from __future__ import annotations

from typing import Any


class _NoResponse:
    def __repr__(self) -> str:
        return "NO_RESPONSE"


NO_RESPONSE = _NoResponse()
"""Returned as ``(result, NO_RESPONSE)`` by a tool: the model has the result, and stays silent for now."""


def split(returned: Any) -> tuple[Any, bool]:
    """The result of a tool, and whether it is to be followed by silence.

    Pipecat's own marks are known too, so what was written for it needs no change there.

    >>> split(("saved", NO_RESPONSE)), split(("a", "b"))
    (('saved', True), (('a', 'b'), False))
    """
    if isinstance(returned, tuple) and len(returned) == 2 and _is_mark(returned[1]):
        return returned[0], repr(returned[1]) == "NO_RESPONSE"
    return returned, False


def _is_mark(value: Any) -> bool:
    pipecats = type(value).__module__ == "pipecat.flows.types"
    return value is NO_RESPONSE or (pipecats and repr(value) in ("NO_RESPONSE", "TRANSITION_IN_YAML"))
