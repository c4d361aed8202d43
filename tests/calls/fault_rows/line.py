"""Faults of a telephone line."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.calls.fault_rows.row import ANSWER, NOTHING, Row

turn = partial(Row, "line")
midway = partial(turn, moment="in mid answer")
greets = partial(turn, moment="greeting")
_STOP = {"type": "websocket.receive", "text": '{"event": "stop", "stop": {"callSid": "CA1"}}'}
_CLOSED = {"type": "websocket.disconnect", "code": 1000, "reason": ""}
_BROKEN = {"type": "websocket.disconnect", "code": 1006}
_BAD = {"type": "websocket.receive", "text": '{"event": "media", "media": {"payload": "%%"'}
MESSAGES: dict[str, dict[str, Any]] = {
    "hung up, the socket stays open": _STOP,
    "hung up": _CLOSED,
    "cut": _BROKEN,
    "silent peer": {},
    "malformed message": _BAD,
}
"""What comes from Twilio; nothing at all for a peer that is silent."""

ROWS = (
    greets("hung up", None, NOTHING, 0, "the caller hung up"),
    greets("cut", None, NOTHING, 0, "the line was lost"),
    turn("hung up, the socket stays open", None, NOTHING, 0, "the caller hung up"),
    turn("hung up", None, NOTHING, 0, "the caller hung up"),
    turn("cut", None, NOTHING, 0, "the line was lost"),
    turn("silent peer", None, NOTHING, 0, "nothing came from Twilio for 15 s"),
    turn("malformed message", None, ANSWER, 12),
    midway("hung up", None, NOTHING, 0, "the caller hung up"),
    midway("cut", None, NOTHING, 0, "the line was lost"),
)
