"""The waveform of a recording: how loud both sides are over time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import soundfile
from loguru import logger

from agentrun.records.store.threads import StoreThreads

COLUMNS = 800
"""Of the picture, at most; a short recording has one for each ``SHORTEST_SECONDS``."""
SHORTEST_SECONDS = 0.02
MOST_SECONDS = 4 * 3600.0
"""Of a recording; a longer one has no picture."""
READ_SECONDS = 20.0
MOST_CACHED = 64
QUIET = 2
"""In percent of the loudest that a file can hold: below it nobody speaks."""
SILENCE_SECONDS = 3.0
_BLOCK_FRAMES = 1 << 18
Key = tuple[str, int, int]


@dataclass(frozen=True)
class Peaks:
    """The loudest sample of each column, from 0 to 100; of one channel alone ``agent`` is empty."""

    seconds: float
    caller: Sequence[int]
    agent: Sequence[int]

    def silences(self) -> list[tuple[float, float]]:
        """Where neither side is heard for ``SILENCE_SECONDS`` or longer: from and until, in seconds.

        >>> Peaks(8.0, (0, 0, 0, 50), (40, 0, 0, 0)).silences()
        [(2.0, 6.0)]
        """
        sides = [side for side in (self.caller, self.agent) if side]
        is_quiet = [max(column) <= QUIET for column in zip(*sides, strict=True)]
        step, runs, first = self.seconds / len(is_quiet), [], 0
        for place, quiet in enumerate([*is_quiet, False]):
            if not quiet:
                runs.append((first * step, place * step))
                first = place + 1
        return [(begin, end) for begin, end in runs if end - begin >= SILENCE_SECONDS]


class Waveforms:
    """Reads recordings one at a time in a thread, and remembers the pictures of the last ones."""

    def __init__(self) -> None:
        self._threads = StoreThreads("waveform")
        self._cached: OrderedDict[Key, Peaks | None] = OrderedDict()
        self._lock = asyncio.Lock()

    async def of(self, key: Key, open_file: Callable[[], BinaryIO]) -> Peaks | None:
        """The peaks of a file in the state ``key``; None where it is no sound, too long, or too slow."""
        async with self._lock:
            if key not in self._cached:
                await self._read(key, open_file)
            if key not in self._cached:
                return None
            self._cached.move_to_end(key)
            while len(self._cached) > MOST_CACHED:
                self._cached.popitem(last=False)
            return self._cached[key]

    async def _read(self, key: Key, open_file: Callable[[], BinaryIO]) -> None:
        """Remember the picture of a file, or that it has none; what can't be read now is tried again."""

        def read() -> Peaks | None:
            with open_file() as file:
                return peaks(file)

        reading = asyncio.ensure_future(self._threads.run(read, seconds=READ_SECONDS))
        await asyncio.wait({reading})
        error = reading.exception()
        if error is None or isinstance(error, soundfile.SoundFileError):
            self._cached[key] = None if error else reading.result()
        else:
            # each store has errors of its own
            logger.warning("a recording can't be read for its picture: {}", type(error).__name__)


def peaks(file: BinaryIO) -> Peaks | None:
    """Read a file of one or two channels, a block at a time; raises soundfile.SoundFileError and OSError."""
    with soundfile.SoundFile(file) as sound:
        seconds = sound.frames / sound.samplerate
        if not 0 < seconds <= MOST_SECONDS:
            return None
        number = max(1, min(COLUMNS, int(seconds / SHORTEST_SECONDS)))
        edges = np.linspace(0, sound.frames, number + 1).astype(np.int64)[:-1]
        loudest = np.zeros((number, sound.channels), np.float32)
        start = 0
        for block in sound.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
            _raise_to(loudest, edges, start, np.abs(block))
            start += len(block)
    columns = np.rint(np.minimum(loudest, 1.0) * 100).astype(int)
    sides = [columns[:, side].tolist() for side in range(min(2, columns.shape[1]))]
    return Peaks(round(seconds, 3), sides[0], sides[1] if len(sides) > 1 else ())


def _raise_to(loudest: np.ndarray, edges: np.ndarray, start: int, block: np.ndarray) -> None:
    """Put the loudest samples of a block, which begins with frame ``start``, into their columns."""
    first = int(np.searchsorted(edges, start, "right")) - 1
    last = int(np.searchsorted(edges, start + len(block), "left"))
    offsets = np.maximum(edges[first:last] - start, 0)
    loudest[first:last] = np.maximum(loudest[first:last], np.maximum.reduceat(block, offsets, axis=0))


def outline(loudness: Sequence[int], up: bool) -> str:
    """A side as the path of an SVG of one unit a column and 100 high: up from the middle, or down.

    >>> outline([0, 100], up=True)
    'M0 50V50H1V2H2V50Z'
    """
    sign = -1 if up else 1
    steps = (f"V{50 + sign * value * 0.48:g}H{place + 1}" for place, value in enumerate(loudness))
    return f"M0 50{''.join(steps)}V50Z"
