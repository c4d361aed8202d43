"""Reads a transcript in any of the formats of OpenAI's API.

One object is asked for. A server that knows another shape alone sends that: a stream of events, subtitles, or
segments (https://platform.openai.com/docs/api-reference/audio/createTranscription).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_SUBTITLES = re.compile(r"WEBVTT|\d+\s*\n[\d:]+,\d{3} --> ")
_LINE_END = re.compile(r"\r\n?|\n")
"""No other character that ``str.splitlines`` splits at: those stand within lines."""
_EVENTS = ("data:", "event:")


def text_of(answer: object) -> str | None:
    """The words of what OpenAI's client has read; None where it is no transcript.

    Plain text is none: a proxy's "OK" would be the caller's words.

    >>> text_of('data: {"type": "transcript.text.done", "text": "Hello."}')
    'Hello.'
    >>> text_of("WEBVTT\\n\\n00:00.000 --> 00:01.000\\nHello.\\n\\n00:01.000 --> 00:02.000\\nIs it open?")
    'Hello. Is it open?'
    >>> text_of("Hello.")
    """
    if not isinstance(answer, str):
        return _text(getattr(answer, "text", None), getattr(answer, "segments", None))
    body = answer.lstrip("\ufeff \t\r\n")
    if body.startswith("{"):
        return _of_object(_read(body))
    if body.startswith(_EVENTS):
        return _of_events(_events(body))
    return " ".join(_cues(body)) if _SUBTITLES.match(body) else None


def _of_object(answer: object) -> str | None:
    return _text(answer.get("text"), answer.get("segments")) if isinstance(answer, dict) else None


def _text(text: object, segments: object) -> str | None:
    if isinstance(text, str):
        return text
    if text is not None or not isinstance(segments, list):
        return None
    words = [segment.get("text") for segment in segments if isinstance(segment, dict)]
    return " ".join(each.strip() for each in words if isinstance(each, str)) if words else None


def _of_events(events: Iterable[dict[str, Any]]) -> str | None:
    deltas: list[str] = []
    for event in events:
        kind = event.get("type")
        if kind == "transcript.text.done" and isinstance(event.get("text"), str):
            return str(event["text"])
        if kind == "transcript.text.delta" and isinstance(event.get("delta"), str):
            deltas.append(event["delta"])
    return "".join(deltas) if deltas else None


def _events(body: str) -> Iterator[dict[str, Any]]:
    for line in _LINE_END.split(body):
        event = _read(line.removeprefix("data:")) if line.startswith("data:") else None
        if isinstance(event, dict):
            yield event


def _cues(body: str) -> Iterator[str]:
    """The lines of subtitles that are spoken: they stand behind their times, up to an empty line."""
    is_spoken = False
    for line in _LINE_END.split(body):
        if "-->" in line:
            is_spoken = True
        elif not line.strip():
            is_spoken = False
        elif is_spoken:
            yield line.strip()


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
