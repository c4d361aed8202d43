"""A client's events on a realtime socket, read with care."""

from __future__ import annotations

import base64
import json
from typing import Any

from pydantic import BaseModel

from agentrun.simulate.openai.request_shapes import Item, misfit

Event = dict[str, Any]


class InvalidEventError(Exception):
    """An event that makes no sense; it is answered with an error of ``code``, and the session goes on.

    ``param`` is the name of the part that is wrong.
    """

    def __init__(self, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def read(text: str) -> Event:
    """The event in a message. Raises InvalidEventError when it is not a JSON object."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidEventError("invalid_json", "The message is not JSON.") from None
    if not isinstance(event, dict):
        raise InvalidEventError("invalid_event", "The event must be a JSON object.")
    return event


def need(event: Event, name: str, kind: type) -> Any:
    """A field of an event. Raises InvalidEventError when it is missing or not of ``kind``."""
    value = event.get(name)
    if not isinstance(value, kind):
        code = "missing_required_parameter" if value is None else "invalid_type"
        raise InvalidEventError(code, f"'{name}' is missing or not of type {kind.__name__}.")
    return value


def require(shape: type[BaseModel], data: Any) -> None:
    """Raise InvalidEventError unless ``data`` has the ``shape``."""
    if wrong := misfit(shape, data):
        raise InvalidEventError(wrong.code, wrong.message, wrong.param)


def need_sound(event: Event) -> bytes:
    """The audio of ``input_audio_buffer.append``. Raises InvalidEventError when it is not base64."""
    try:
        return base64.b64decode(need(event, "audio", str), validate=True)
    except ValueError:
        raise InvalidEventError("invalid_value", "'audio' is not base64.") from None


def need_item(event: Event) -> Event:
    """The item of ``conversation.item.create``. Raises InvalidEventError when a field is missing."""
    item: Event = need(event, "item", dict)
    require(Item, item)
    kind = item.get("type")
    fields = {"message": ("role",), "function_call": ("call_id", "name")}
    if kind == "function_call_output":
        need(item, "call_id", str)
    elif kind in fields:
        for name in fields[kind]:
            need(item, name, str)
    else:
        raise InvalidEventError("invalid_value", f"{kind!r} is not a type of item.")
    return item


def audio_input(settings: Event) -> Event:
    """``audio.input`` of a session's settings. Raises InvalidEventError when they are no objects."""
    audio = settings.get("audio") or {}
    section = audio.get("input") or {} if isinstance(audio, dict) else audio
    if not isinstance(section, dict):
        raise InvalidEventError("invalid_type", "'session.audio.input' must be an object.")
    return section
