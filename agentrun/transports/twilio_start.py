"""The start message of a Twilio media stream: its call, and the parameters from its TwiML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import WebSocket

MOST_CHARACTERS = 64 * 1024
"""Of one message; Twilio's are a thousand at most."""
MOST_CONNECTED = 3
"""Of the ``connected`` with which a stream begins: Twilio sends one, who stands in for it perhaps again."""
_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A SID becomes a part of addresses at Twilio, which are asked with the account's secrets."""


@dataclass(frozen=True)
class Stream:
    """What Twilio's ``start`` message says about a stream."""

    stream_sid: str
    call_sid: str
    parameters: Mapping[str, str]


async def read_start(websocket: WebSocket) -> Stream:
    """Read up to Twilio's ``start`` message.

    Raises ValueError, KeyError or TypeError for anything else, also for what can't be a SID, and
    WebSocketDisconnect.
    """
    message = _message(await websocket.receive_text())
    for _ in range(MOST_CONNECTED):
        if message["event"] != "connected":
            break
        message = _message(await websocket.receive_text())
    if message["event"] != "start":
        raise ValueError("not a start message")
    start = _object(message["start"])
    parameters = _object(start.get("customParameters") or {})
    texts = {key: str(value) for key, value in parameters.items()}
    return Stream(_sid(start["streamSid"]), _sid(start["callSid"]), texts)


def _sid(value: Any) -> str:
    if not isinstance(value, str) or not _SID.fullmatch(value):
        raise ValueError("not a SID")
    return value


def _message(text: str) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise ValueError("too long for a message")
    try:
        return _object(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
