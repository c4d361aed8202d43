"""Places one speaker's audio on the timeline of a call."""

from __future__ import annotations

JITTER_SECONDS = 0.12
"""Packets that come this late belong to what came before them."""


class SpeakerTrack:
    """Sound comes in pieces, each with the second at which it ended; it is taken as one stream from second 0.

    A piece that comes late may follow a gap in what was said, or a stall of the network, after which the
    pieces that were held up come all at once. So after a delay the pieces are held for ``hold`` seconds;
    the least delay among them is the gap, and is silence. What is held is never more than that.

    >>> track = SpeakerTrack(8000, hold=0.0)
    >>> track.add(bytes(1600), ends=1.1)
    >>> len(track.take(1.1)) / 2 / 8000
    1.1
    """

    def __init__(self, rate: int, hold: float, begin: int = 0) -> None:
        self._rate = rate
        self._hold = hold
        self._taken = begin
        self._placed = bytearray()
        self._held = bytearray()
        self._held_since = 0.0
        self._held_from = 0

    @property
    def waiting(self) -> int:
        """How many bytes wait to be taken."""
        return len(self._placed) + len(self._held)

    def add(self, pcm: bytes, ends: float) -> None:
        """16-bit mono sound that ended at second ``ends``."""
        if self._held and ends - self._held_since >= self._hold:
            self._settle()
        begins = round(ends * self._rate) - (len(self._held) + len(pcm)) // 2
        if begins - self._end <= JITTER_SECONDS * self._rate:
            self._held_from = self._end
            self._held += pcm
            self._settle()
            return
        if not self._held:
            self._held_since, self._held_from = ends, begins
        self._held_from = min(self._held_from, begins)
        self._held += pcm
        if self._hold == 0:
            self._settle()

    def cut(self, second: float) -> None:
        """Nothing is heard from ``second`` on of what has been added."""
        self._settle()
        del self._placed[max(0, round(second * self._rate) - self._taken) * 2 :]

    def catch_up(self, seconds: float) -> None:
        """Leave out the oldest of what waits to be taken, so that it is no longer than ``seconds``.

        >>> track = SpeakerTrack(8000, hold=0.0)
        >>> track.add(bytes(16_000), ends=1.0)
        >>> track.catch_up(0.25)
        >>> track.waiting
        4000
        """
        excess = self.waiting // 2 - seconds * self._rate
        if excess > 0:
            self._settle()
            del self._placed[: int(excess) * 2]

    def take(self, until: float) -> bytes:
        """The sound from where the last one ended to second ``until``, with silence where there was none."""
        count = round(until * self._rate) - self._taken
        if count <= 0:
            return b""
        if self._held and self._held_from < self._taken + count:
            self._settle()
        pcm = bytes(self._placed[: count * 2])
        del self._placed[: count * 2]
        self._taken += count
        return pcm + bytes(count * 2 - len(pcm))

    @property
    def _end(self) -> int:
        return self._taken + len(self._placed) // 2

    def _settle(self) -> None:
        """Place what is held where it began, and nothing over what is there."""
        if self._held:
            self._placed += bytes(max(0, self._held_from - self._end) * 2)
            self._placed += self._held
            self._held.clear()
