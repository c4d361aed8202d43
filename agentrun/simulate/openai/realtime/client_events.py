"""Validates the client's events on a realtime socket."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from agentrun.simulate.openai.known_names import missing_model, wrong_voice
from agentrun.simulate.openai.request_shapes import Item, misfit

Event = dict[str, Any]
_NEEDED = {
    "message": ("role",),
    "function_call": ("call_id", "name"),
    "function_call_output": ("call_id",),
}
"""What an item must have, by its type."""


class InvalidEventError(Exception):
    """An event that makes no sense; it is answered with an error of ``code``, and the session goes on.

    ``param`` is the name of the part that is wrong.
    """

    def __init__(self, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@contextlib.contextmanager
def within(part: str) -> Iterator[None]:
    """What is found wrong in the block is a part of ``part``, by its name too."""
    try:
        yield
    except InvalidEventError as wrong:
        whole = ".".join(filter(None, (part, wrong.param)))
        raise InvalidEventError(wrong.code, wrong.message, whole) from None


def problem(code: str, message: str, param: str = "", event_id: str | None = None) -> dict[str, str | None]:
    """What is wrong, as an error event has it; ``event_id`` is the client's, where it has given one."""
    told = {"type": "invalid_request_error", "code": code, "message": message}
    return {**told, "param": param or None, "event_id": event_id}


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
        raise InvalidEventError(code, f"'{name}' is missing or not of type {kind.__name__}.", name)
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
        raise InvalidEventError("invalid_value", "'audio' is not base64.", "audio") from None


def need_item(event: Event) -> Event:
    """The item of ``conversation.item.create``. Raises InvalidEventError when a field is missing."""
    item: Event = need(event, "item", dict)
    with within("item"):
        require(Item, item)
        kind = str(item.get("type"))
        if kind not in _NEEDED:
            raise InvalidEventError("invalid_value", f"{kind!r} is not a type of item.", "type")
        for name in _NEEDED[kind]:
            need(item, name, str)
    return item


def require_names(settings: Event) -> None:
    """Raise InvalidEventError where the voice of a session, or the model of its transcripts, is misspelt."""
    audio = settings.get("audio")
    output = audio.get("output") if isinstance(audio, dict) else None
    if isinstance(output, dict) and (words := wrong_voice(output.get("voice"))):
        raise InvalidEventError("invalid_value", words, "audio.output.voice")
    heard_by = audio_input(settings).get("transcription")
    model = heard_by.get("model") if isinstance(heard_by, dict) else None
    if words := missing_model(model):
        raise InvalidEventError("invalid_value", words, "audio.input.transcription.model")


def audio_input(settings: Event) -> Event:
    """``audio.input`` of a session's settings. Raises InvalidEventError when they are no objects."""
    audio = settings.get("audio") or {}
    section = audio.get("input") or {} if isinstance(audio, dict) else audio
    if not isinstance(section, dict):
        raise InvalidEventError("invalid_type", "'session.audio.input' must be an object.", "audio.input")
    return section
