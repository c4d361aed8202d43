"""Mixes everybody who speaks on one side of a call into a single stream."""

from __future__ import annotations

import math

import numpy as np
import soxr

from agentrun.records.audio.speaker_track import SpeakerTrack


class SideMix:
    """The caller's side, or the agent's; sound comes at ``rate`` and is taken at ``out_rate``, both in Hz.

    In a room the caller's side may be several people, who come as several streams.
    """

    def __init__(self, rate: int, out_rate: int, hold: float) -> None:
        self.rate = rate
        self._hold = hold
        self._taken = 0
        self._tracks: dict[str, SpeakerTrack] = {}
        same = rate == out_rate
        self._resampler = None if same else soxr.ResampleStream(rate, out_rate, 1, dtype="int16")

    @property
    def waiting(self) -> int:
        """How many bytes wait to be taken."""
        return sum(track.waiting for track in self._tracks.values())

    def add(self, speaker: str, pcm: bytes, ends: float) -> None:
        """Sound of ``speaker`` that ended at second ``ends``."""
        if speaker not in self._tracks:
            self._tracks[speaker] = SpeakerTrack(self.rate, self._hold, begin=self._taken)
        self._tracks[speaker].add(pcm, ends)

    def cut(self, second: float) -> None:
        """Nothing is heard from ``second`` on of what has been added."""
        for track in self._tracks.values():
            track.cut(second)

    def take(self, until: float, *, last: bool = False, most_behind: float = math.inf) -> bytes:
        """What was heard up to second ``until``; the ``last`` of it makes up for a resampler's delay.

        The oldest of what would still wait after ``most_behind`` seconds is left out.
        """
        count = max(0, round(until * self.rate) - self._taken)
        chunks = [track.take(until) for track in self._tracks.values()]
        self._taken += count
        for track in self._tracks.values():
            track.catch_up(most_behind)
        self._tracks = {speaker: track for speaker, track in self._tracks.items() if track.waiting}
        mixed = np.zeros(count, np.int32)
        for pcm in chunks:
            mixed += np.frombuffer(pcm, np.int16)
        sound = np.clip(mixed, -32_768, 32_767).astype(np.int16)
        if self._resampler:
            sound = self._resampler.resample_chunk(sound, last=last)
        return bytes(sound.tobytes())
