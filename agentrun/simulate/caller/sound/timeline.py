"""Both sides of a call as they were heard, in frames of 20 ms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agentrun.errors import AgentRunError
from agentrun.transports import mulaw
from agentrun.transports.mulaw import FRAME_BYTES, FRAME_SECONDS, RATE

_AUDIBLE = 200.0
"""Root mean square of a 16-bit frame that an ear notices: -44 dB of full scale."""
_QUIET = frozenset({0xFF, 0x7F})
_POWER = mulaw.decode(bytes(range(256))).astype(np.float64) ** 2
"""Of the sample that each code of mu-law stands for."""
_ONSET = b"\x01\x01"
"""Two audible frames in a row: one alone is a click."""
_LONGEST_GAP = 25
"""Frames. A longer silence is a pause between sentences, a shorter one with nothing to play a stutter."""


class Timeline:
    """Positions are seconds from the ``start`` message of the stream; both tracks are equally long."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.heard = bytearray()
        self._audible = bytearray()
        self._last_audible: int | None = None
        self._dry_frames = 0
        self.gaps: list[float] = []
        """Seconds of each stutter: the agent was speaking and its next sound came too late."""

    @property
    def seconds(self) -> float:
        """How long the call has lasted."""
        return len(self._audible) * FRAME_SECONDS

    def add(self, said: bytes, heard: bytes, *, dry: bool) -> None:
        """Append a frame of each side; ``dry`` when the agent had sent nothing to play."""
        self.said += said
        self.heard += heard
        audible = is_audible(heard)
        if dry:
            self._dry_frames += 1
        elif self._dry_frames:
            self._end_gap()
        if audible:
            self._last_audible = len(self._audible)
        self._audible.append(audible)

    def interrupt(self) -> None:
        """The agent cleared its own sound: the silence that follows is no stutter."""
        self._dry_frames = _LONGEST_GAP + 1

    def _end_gap(self) -> None:
        start = len(self._audible) - self._dry_frames
        if self._dry_frames <= _LONGEST_GAP and self._last_audible == start - 1:
            self.gaps.append(self._dry_frames * FRAME_SECONDS)
        self._dry_frames = 0

    def first_sound(self, since: float) -> float | None:
        """When the agent is first heard at or after ``since``, or None."""
        start = self._audible.find(_ONSET, max(0, round(since / FRAME_SECONDS)))
        return None if start < 0 else start * FRAME_SECONDS

    def last_sound(self, since: float = 0.0) -> float | None:
        """The end of the latest sound of the agent's at or after ``since``, or None."""
        if self._last_audible is None or self._last_audible < round(since / FRAME_SECONDS):
            return None
        return (self._last_audible + 1) * FRAME_SECONDS

    def silence(self) -> float:
        """For how long the agent has not been heard."""
        return self.seconds - (self.last_sound() or 0.0)

    def silent_from(self, since: float, length: float) -> float | None:
        """When ``length`` seconds of silence begin, at or after ``since``; None before they have passed."""
        start = self._audible.find(bytes(round(length / FRAME_SECONDS)), max(0, round(since / FRAME_SECONDS)))
        return None if start < 0 else start * FRAME_SECONDS

    def heard_between(self, start: float, end: float) -> mulaw.Samples:
        """The agent's sound from ``start`` to ``end`` at 8 kHz."""
        return mulaw.decode(self.heard[round(start * RATE) : round(end * RATE)])

    def write(self, path: Path) -> None:
        """A stereo WAV at 8 kHz: the caller on the left, the agent on the right.

        Raises AgentRunError when the file can't be written.
        """
        import soundfile

        both = np.column_stack([mulaw.decode(self.said), mulaw.decode(self.heard)])
        try:
            soundfile.write(path, both, RATE, subtype="PCM_16", format="WAV")
        except (OSError, soundfile.LibsndfileError) as error:
            raise AgentRunError(f"{path}: can't be written: {error}", "choose another place") from None


def is_audible(frame: bytes) -> bool:
    """Whether an ear notices a frame of mu-law.

    >>> is_audible(bytes([0xFF]) * 160), is_audible(bytes([0x90]) * 160)
    (False, True)
    """
    if _QUIET.issuperset(frame):
        return False
    power = _POWER.take(np.frombuffer(frame, np.uint8))
    return bool(power.sum() > _AUDIBLE * _AUDIBLE * len(frame))


def sound_seconds(sound: bytes) -> float:
    """Seconds of mu-law until its last audible frame: silence at its end does not count.

    >>> sound_seconds(bytes([0x90]) * 320 + bytes([0xFF]) * 800)
    0.04
    """
    audible = [number for number, frame in enumerate(frames_of(sound)) if is_audible(frame)]
    return (audible[-1] + 1) * FRAME_SECONDS if audible else 0.0


def frames_of(sound: bytes) -> list[bytes]:
    """Mu-law cut into frames, the last one filled up with silence."""
    padded = sound + bytes([mulaw.SILENCE]) * (-len(sound) % FRAME_BYTES)
    return [padded[at : at + FRAME_BYTES] for at in range(0, len(padded), FRAME_BYTES)]
