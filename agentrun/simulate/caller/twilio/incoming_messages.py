"""Messages from an agent's server on a stream: audio, marks, and ``clear``."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Media:
    """Mu-law sound for the caller."""

    sound: bytes
    event = "media"

    @property
    def detail(self) -> str:
        return str(len(self.sound))


@dataclass(frozen=True)
class Mark:
    """To be echoed when everything before it has been heard."""

    detail: str
    event = "mark"


@dataclass(frozen=True)
class Clear:
    """Everything that has not been heard is to be dropped."""

    detail = ""
    event = "clear"


@dataclass(frozen=True)
class ProtocolMistake:
    """Something that Twilio would not have understood."""

    detail: str
    event = "mistake"


Incoming = Media | Mark | Clear | ProtocolMistake


def read(text: str | bytes, stream_sid: str) -> Incoming:
    """Understand a message of the stream as Twilio does.

    >>> read('{"event": "clear", "streamSid": "MZ1"}', "MZ1")
    Clear()
    """
    if isinstance(text, bytes):
        return ProtocolMistake("binary data; messages are text")
    try:
        message = json.loads(text)
    except ValueError:
        return ProtocolMistake(f"not JSON: {text[:100]}")
    if not isinstance(message, dict):
        return ProtocolMistake(f"not an object: {text[:100]}")
    if message.get("streamSid") != stream_sid:
        return ProtocolMistake(f"streamSid {message.get('streamSid')!r} is not this stream's")
    return _event(message)


def _event(message: dict[str, Any]) -> Incoming:
    event = message.get("event")
    body = message.get(str(event))
    if event == "clear":
        return Clear()
    if event == "mark" and isinstance(body, dict) and isinstance(body.get("name"), str):
        return Mark(body["name"])
    if event == "media" and isinstance(body, dict) and isinstance(body.get("payload"), str):
        try:
            return Media(base64.b64decode(body["payload"], validate=True))
        except binascii.Error:
            return ProtocolMistake("media whose payload is not base64")
    return ProtocolMistake(f"the event {event!r} is unknown or lacks its fields")
