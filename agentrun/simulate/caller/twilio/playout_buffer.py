"""Twilio's buffer of the agent's audio that the caller has not heard yet."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agentrun.transports.mulaw import FRAME_BYTES, SILENCE


@dataclass(frozen=True)
class _Mark:
    name: str


class PlayoutBuffer:
    """A queue of sound and marks, played a frame at a time.

    A mark is due when everything sent before it has been played, at once when nothing is waiting.
    ``clear`` throws the sound away and makes every mark due.

    >>> earpiece = PlayoutBuffer()
    >>> earpiece.add(bytes(160)); earpiece.mark("done")
    []
    >>> earpiece.play()[1], earpiece.play()[1]
    ([], ['done'])
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes | _Mark] = deque()
        self._bytes = 0
        self._due: list[str] = []

    @property
    def waiting(self) -> int:
        """Bytes of sound that have not been played."""
        return self._bytes

    def unheard(self) -> bytes:
        """The sound that has not been played."""
        return b"".join(item for item in self._waiting if isinstance(item, bytes))

    def add(self, sound: bytes) -> None:
        """Queue mu-law sound."""
        if sound:
            self._waiting.append(sound)
            self._bytes += len(sound)

    def mark(self, name: str) -> list[str]:
        """Queue a mark; returns it when nothing is waiting before it."""
        if self._waiting:
            self._waiting.append(_Mark(name))
        elif self._due:
            self._due.append(name)
        else:
            return [name]
        return []

    def clear(self) -> list[str]:
        """Drop all sound; returns the names of the marks that were waiting."""
        names = self._due + [item.name for item in self._waiting if isinstance(item, _Mark)]
        self._waiting.clear()
        self._due = []
        self._bytes = 0
        return names

    def play(self) -> tuple[bytes, list[str]]:
        """The next 20 ms, filled up with silence, and the marks that playback had reached before them."""
        due, self._due = self._due, []
        frame = bytearray()
        while self._waiting:
            item = self._waiting[0]
            if isinstance(item, bytes) and len(frame) == FRAME_BYTES:
                break
            self._waiting.popleft()
            if isinstance(item, _Mark):
                (self._due if frame else due).append(item.name)
            else:
                self._fill(frame, item)
        self._bytes -= len(frame)
        return bytes(frame) + bytes([SILENCE]) * (FRAME_BYTES - len(frame)), due

    def _fill(self, frame: bytearray, sound: bytes) -> None:
        missing = FRAME_BYTES - len(frame)
        frame += sound[:missing]
        if len(sound) > missing:
            self._waiting.appendleft(sound[missing:])
