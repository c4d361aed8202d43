"""The start message of a Twilio media stream: its call, and the parameters from its TwiML."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import WebSocket

MOST_CHARACTERS = 192 * 1024
"""Of one message: a ``start`` brings up to 30 parameters of 499 characters, which JSON may escape."""
MOST_CONNECTED = 3
"""Of the ``connected`` with which a stream begins: Twilio sends one, who stands in for it perhaps again."""
MOST_EARLY = 250
"""Messages of all kinds before the ``start`` of a stream that is expected: five seconds of sound."""
_EARLY = ("connected", "media", "dtmf", "mark")
"""What the caller says or presses comes before where something between Twilio and here loses the order."""
_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A SID becomes a part of addresses at Twilio, which are asked with the account's secrets."""
_SHOWN = 40


@dataclass(frozen=True)
class Stream:
    """What Twilio's ``start`` message says about a stream."""

    stream_sid: str
    call_sid: str
    parameters: Mapping[str, str]


async def read_start(websocket: WebSocket, *, expected: bool, within: float | None = None) -> Stream:
    """Read up to Twilio's ``start`` message, which may take ``within`` seconds.

    Of a stream that is ``expected`` what else of its has come too early is passed over; of a stranger nothing
    but ``connected``. Raises ValueError, which says what came instead, also for what can't be a SID, or that
    nothing did; and WebSocketDisconnect.
    """
    try:
        async with asyncio.timeout(within):
            return await _read_start(websocket, expected)
    except TimeoutError:
        raise ValueError(f"nothing like it came within {within:g} s") from None


async def _read_start(websocket: WebSocket, expected: bool) -> Stream:
    early, most = (_EARLY, MOST_EARLY) if expected else (_EARLY[:1], MOST_CONNECTED)
    for _ in range(most + 1):
        message = await _received(websocket)
        event = message.get("event")
        if event == "start":
            return _stream(message)
        if event not in early:
            raise ValueError(f"{_shown(event)} came before its start")
    raise ValueError(f"no start is among its first {most + 1} messages")


def _stream(message: Mapping[str, Any]) -> Stream:
    start = message.get("start")
    parameters = (start.get("customParameters") or {}) if isinstance(start, dict) else None
    if not isinstance(start, dict) or not isinstance(parameters, dict):
        raise ValueError("its start has no parameters")
    texts = {key: str(value) for key, value in parameters.items()}
    return Stream(_sid(start, "streamSid"), _sid(start, "callSid"), texts)


def _sid(start: Mapping[str, Any], name: str) -> str:
    value = start.get(name)
    if not isinstance(value, str) or not _SID.fullmatch(value):
        raise ValueError(f"its {name} is no SID: {_shown(value)}")
    return value


async def _received(websocket: WebSocket) -> dict[str, Any]:
    try:
        text: object = await websocket.receive_text()
    except KeyError:
        text = None
    if not isinstance(text, str):
        raise ValueError("bytes came, where its messages are texts")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"a message of more than {MOST_CHARACTERS} characters came")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"what came is no JSON: {_shown(text)}") from None
    if not isinstance(message, dict):
        raise ValueError(f"what came is no object: {_shown(text)}")
    return message


def _shown(value: object) -> str:
    """The beginning of what a stranger may have written, on one line."""
    return repr(value[:_SHOWN]) if isinstance(value, str) else f"a {type(value).__name__}"
