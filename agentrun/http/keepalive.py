"""WebSocket pings that detect a vanished peer sooner than uvicorn's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_EXTENSION = "agentrun.keepalive"
Ask = Callable[[float, float], None]
"""Given the seconds between two pings, and those that an answer may take."""


def allow(scope: Any, ask: Ask) -> None:
    """Have ``ask_often`` work for whoever is asked with ``scope``."""
    scope.setdefault("extensions", {})[_EXTENSION] = ask


def ask_often(websocket: Any, every: float, within: float) -> None:
    """Ping the peer of an ASGI ``websocket``, which is not accepted yet, and close it without an answer.

    Another server than this project's pings as it does anyway.
    """
    scope: Mapping[str, Any] = getattr(websocket, "scope", {})
    if ask := (scope.get("extensions") or {}).get(_EXTENSION):
        ask(every, within)
