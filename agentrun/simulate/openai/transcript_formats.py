"""A transcript in the formats of OpenAI's transcription and translation routes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from agentrun.simulate.openai.chat import pieces

_LANGUAGES = {"de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian"}
"""What Whisper's model calls those that it is asked for by code."""


Task = Literal["transcribe", "translate"]


@dataclass(frozen=True)
class Transcript:
    """What was heard in a sound of ``seconds``.

    Only the words are heard: the whole is one segment of one ``speaker``, and with ``with_words`` the words
    share its time by their length.
    """

    text: str
    seconds: float
    language: str
    with_words: bool = False
    task: Task = "transcribe"
    speaker: str = "A"


def verbose(transcript: Transcript) -> dict[str, Any]:
    """``verbose_json``."""
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": transcript.seconds,
        "text": transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    return {
        "task": transcript.task,
        "language": _LANGUAGES.get(transcript.language, transcript.language),
        "duration": transcript.seconds,
        "text": transcript.text,
        "segments": [segment] if transcript.text else [],
        **({"words": words(transcript)} if transcript.with_words else {}),
        "usage": {"type": "duration", "seconds": transcript.seconds},
    }


def diarized(transcript: Transcript) -> dict[str, Any]:
    """``diarized_json``: who said what, and when."""
    return {
        "task": "transcribe",
        "duration": transcript.seconds,
        "text": transcript.text,
        "segments": [_spoken(transcript)] if transcript.text else [],
        "usage": {"type": "duration", "seconds": transcript.seconds},
    }


def _spoken(transcript: Transcript) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": "seg_1",
        "start": 0.0,
        "end": transcript.seconds,
        "text": transcript.text,
        "speaker": transcript.speaker,
    }


def words(transcript: Transcript) -> list[dict[str, Any]]:
    """Each word with its beginning and its end in seconds.

    >>> words(Transcript("Hi there", 1.4, "en", True))[1]
    {'word': 'there', 'start': 0.4, 'end': 1.4}
    """
    each = transcript.text.split()
    a_letter = transcript.seconds / max(1, sum(map(len, each)))
    times, at = [], 0
    for word in each:
        start, at = at, at + len(word)
        times.append({"word": word, "start": round(start * a_letter, 2), "end": round(at * a_letter, 2)})
    return times


def srt(transcript: Transcript) -> str:
    """SubRip: one cue."""
    cue = f"1\n{_time(0.0, ',')} --> {_time(transcript.seconds, ',')}\n{transcript.text}\n\n"
    return cue if transcript.text else ""


def vtt(transcript: Transcript) -> str:
    """WebVTT: one cue."""
    cue = f"{_time(0.0, '.')} --> {_time(transcript.seconds, '.')}\n{transcript.text}\n\n"
    return f"WEBVTT\n\n{cue if transcript.text else ''}"


def events(transcript: Transcript, is_diarized: bool = False) -> list[dict[str, Any]]:
    """What is streamed of a transcript: its words one by one, who said them, and all of it at the end."""
    segments = [_spoken(transcript)] if is_diarized and transcript.text else []
    belongs = {"segment_id": segments[0]["id"]} if segments else {}
    deltas = [
        {"type": "transcript.text.delta", "delta": piece, **belongs} for piece in pieces(transcript.text)
    ]
    return [*deltas, *segments, {"type": "transcript.text.done", "text": transcript.text}]


def as_event(data: dict[str, Any]) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(data)}\n\n"


def _time(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"
