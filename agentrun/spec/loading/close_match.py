"""Suggests the closest of several words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

ELSEWHERE = {
    "vad": "silence",
    "silero": "silence",
    "server_vad": "server",
    "semantic_vad": "semantic",
    "smart_turn": "smart",
    "turn_detector": "smart",
    "stt": "transcription",
    "browser": "local",
    "webrtc": "local",
    "console": "local",
    "phone": "twilio",
    "telephone": "twilio",
    "pstn": "twilio",
    "speech_to_speech": "realtime",
    "s2s": "realtime",
    "pipeline": "cascaded",
    "chained": "cascaded",
    "sliding_window": "trim",
    "truncate": "trim",
    "reset_with_summary": "reset",
    "summary": "summarise",
    "summarize": "summarise",
    "telephone_number": "phone",
    "phone_number": "phone",
    "credit_card": "card",
}
"""What other products and standards call a value, and what a spec calls it."""


def closest(word: str, allowed: Iterable[str]) -> str:
    """A hint, or nothing when no word is near.

    >>> closest("twillio", ["local", "twilio"])
    "did you mean 'twilio'?"
    >>> closest("vad", ["smart", "silence"])
    "did you mean 'silence'?"
    """
    names = list(allowed)
    term = ELSEWHERE.get(word.lower().replace("-", "_"), word)
    close = [term] if term in names else difflib.get_close_matches(word, names, 1)
    close = close or difflib.get_close_matches(word.lower(), names, 1)
    return f"did you mean '{close[0]}'?" if close else ""
