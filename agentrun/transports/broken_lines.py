"""Tells WebSockets that their peer closed from those whose connection was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MEANT = (1000, 1001, 1005, 1012)
"""A connection that was closed on purpose, by the peer or by this server; 1006 is one that broke off."""
_TOO_LARGE = 1009
_NO_CODE = 1005
"""A close without a code, which has a reason, if an empty one; without any, nobody closed the connection."""


def why_lost(disconnect: Mapping[str, Any]) -> str:
    """Why the line was lost, by ASGI's ``websocket.disconnect``; empty where it was closed on purpose."""
    code = disconnect.get("code", _NO_CODE)
    if code in _MEANT and (code != _NO_CODE or "reason" in disconnect):
        return ""
    why = "a message was too large for it" if code == _TOO_LARGE else "the connection broke off"
    return f"the line was lost: {why} ({code})"
