"""Detects the caller's turns in audio by loudness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from agentrun.simulate.openai.realtime.client_events import InvalidEventError

RATE = 24_000
"""Hz of realtime audio, 16-bit mono, unless a session asks for another."""
_FRAME_MS = 20
_LOUD = 0.012
START_MS = 120
MOST_MS = 60_000
"""Of silence and of what comes before speech, that a session may ask for."""
LONGEST_SECONDS = 600
"""A turn that is longer ends, and a client that finds its own turns can't send more without a commit."""
_SEMANTIC_MS = {"low": 1200, "medium": 700, "auto": 700, "high": 500}

Edge = Literal["started", "stopped"]


@dataclass
class SpeechTurns:
    """Fed with audio, it tells when speech starts and stops; ``silence_ms`` of quiet end it.

    ``audio`` holds what was heard since the turn began, with ``prefix_ms`` before it; ``rate`` is in Hz.
    """

    silence_ms: int = 500
    prefix_ms: int = 300
    rate: int = RATE
    audio: bytearray = field(default_factory=bytearray)
    speaking: bool = False
    elapsed_ms: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _loud_ms: int = 0
    _quiet_ms: int = 0

    def feed(self, pcm: bytes) -> Iterator[Edge]:
        """Take audio in; yields each edge as it is found."""
        self._rest += pcm
        size = self.rate * _FRAME_MS // 1000 * 2
        while len(self._rest) >= size:
            frame = bytes(self._rest[:size])
            del self._rest[:size]
            self.elapsed_ms += _FRAME_MS
            self.audio += frame
            edge = self._judge(frame)
            if edge:
                yield edge

    def take(self) -> bytes:
        """The turn's audio, and begin anew."""
        audio = bytes(self.audio)
        self.audio.clear()
        self._loud_ms = self._quiet_ms = 0
        self.speaking = False
        return audio

    def _judge(self, frame: bytes) -> Edge | None:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32) / 32768.0
        loud = float(np.sqrt(np.mean(samples**2))) > _LOUD
        self._loud_ms = self._loud_ms + _FRAME_MS if loud else 0
        self._quiet_ms = 0 if loud else self._quiet_ms + _FRAME_MS
        if not self.speaking:
            self._forget()
            if self._loud_ms >= START_MS:
                self.speaking = True
                return "started"
        elif self._quiet_ms >= self.silence_ms or len(self.audio) > most_bytes(self.rate):
            self.speaking = False
            return "stopped"
        return None

    def _forget(self) -> None:
        keep = (self.prefix_ms + START_MS) * self.rate // 1000 * 2
        del self.audio[: max(0, len(self.audio) - keep)]


def most_bytes(rate: int) -> int:
    """Of the longest turn, 16-bit PCM at ``rate`` Hz."""
    return LONGEST_SECONDS * rate * 2


def add(buffer: bytearray, pcm: bytes, rate: int) -> None:
    """Put ``pcm`` at the end of a client's own turn. Raises InvalidEventError where that gets too long."""
    if len(buffer) + len(pcm) > most_bytes(rate):
        raise InvalidEventError(
            "input_audio_buffer_full", f"The buffer has at most {LONGEST_SECONDS} s of audio."
        )
    buffer += pcm


def from_setting(setting: Any) -> SpeechTurns | None:
    """What a session's ``turn_detection`` asks for; None when the client finds the turns itself.

    Raises InvalidEventError when it asks for what does not exist.
    """
    if not setting:
        return None
    kind = setting.get("type") if isinstance(setting, dict) else None
    if kind == "semantic_vad":
        eagerness = setting.get("eagerness") or "auto"
        if isinstance(eagerness, str) and eagerness in _SEMANTIC_MS:
            return SpeechTurns(silence_ms=_SEMANTIC_MS[eagerness])
    elif kind == "server_vad":
        silence, prefix = (setting.get(key) for key in ("silence_duration_ms", "prefix_padding_ms"))
        silence, prefix = 500 if silence is None else silence, 300 if prefix is None else prefix
        if all(isinstance(each, int) and 0 <= each <= MOST_MS for each in (silence, prefix)):
            return SpeechTurns(silence_ms=silence, prefix_ms=prefix)
    where = "audio.input.turn_detection"
    raise InvalidEventError("invalid_value", f"turn_detection can't be {setting}.", where)


def changed(turns: SpeechTurns | None, setting: Any) -> SpeechTurns | None:
    """The same as ``from_setting`` for a session that has ``turns``: what it is hearing goes on.

    >>> turns = SpeechTurns(speaking=True)
    >>> changed(turns, {"type": "server_vad", "silence_duration_ms": 200}) is turns, turns.silence_ms
    (True, 200)
    """
    found = from_setting(setting)
    if turns is None or found is None:
        return found
    turns.silence_ms, turns.prefix_ms = found.silence_ms, found.prefix_ms
    return turns
