"""Closes connections at once, without sending what is buffered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EXTENSION = "agentrun.abort"


def allow(scope: Any, transport: Any) -> None:
    """Have ``cut`` work for whoever is asked with ``scope``; ``transport`` is an asyncio one's."""
    scope.setdefault("extensions", {})[_EXTENSION] = transport.abort


def cut(connection: Any) -> bool:
    """End the connection of an ASGI request or WebSocket, such as FastAPI's; its receiver is told.

    False on another server than this project's, where only the peer can end it.
    """
    scope: Mapping[str, Any] = getattr(connection, "scope", {})
    end = (scope.get("extensions") or {}).get(_EXTENSION)
    if end:
        end()
    return end is not None
