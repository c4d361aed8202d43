"""DTMF keys that a caller presses: collected, taken as a turn, or recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pipecat.frames.frames import InputDTMFFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.records import CallRecord, KeyPress

TOGETHER_SECONDS = 5.0
"""Keys within this time of each other belong together."""
MOST_PRESSES = 200
"""Limits on keys that wait, on keys in an entry, and on entries in a record: some lines beep forever."""


class KeptKeys:
    """The keys that were pressed since somebody began to keep them; no more than ``MOST_PRESSES`` wait."""

    def __init__(self) -> None:
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._taken = ""
        self.finish, self.finish_until = "", 0.0
        """The key that callers may still press behind keys which were enough, and until when it is theirs."""

    def press(self, key: str) -> None:
        if self._keys.qsize() < MOST_PRESSES:
            self._keys.put_nowait(key)

    async def collect(self, most: int, finish: str, timeout: float) -> str:
        """The kept keys: ``most``, or those before ``finish``, or until ``timeout`` seconds without one."""
        while len(self._taken) < most:
            try:
                key = await asyncio.wait_for(self._keys.get(), timeout)
            except TimeoutError:
                break
            if key == finish:
                break
            self._taken += key
        else:
            self.finish, self.finish_until = finish, asyncio.get_running_loop().time() + timeout
        pressed, self._taken = self._taken, ""
        return pressed

    def left(self) -> str:
        """The keys that were not returned because collecting was cancelled."""
        waiting = [self._keys.get_nowait() for _ in range(self._keys.qsize())]
        return self._taken + "".join(waiting)


class DtmfKeys:
    """Receives the keys from the pipeline; keys that no tool collects go into ``record``."""

    def __init__(self, worker: PipelineWorker, record: CallRecord) -> None:
        self._record = record
        self._keepers: list[KeptKeys] = []
        self._last = KeptKeys()
        self._pressed = 0.0
        self.take: Callable[[str], bool] = lambda _key: False
        """Receives a key that no tool collects; returns whether it has used it."""
        worker.add_reached_downstream_filter((InputDTMFFrame,))
        worker.add_event_handler("on_frame_reached_downstream", self._reached)

    @contextmanager
    def kept(self) -> Iterator[KeptKeys]:
        """Collect keys while the block runs; if blocks overlap, the last one gets them.

        Those that it leaves are in the record.
        """
        keys = KeptKeys()
        self._keepers.append(keys)
        try:
            yield keys
        finally:
            if self._keepers[-1] is keys:
                self._last = keys
            self._keepers.remove(keys)
            for key in keys.left():
                self._write(key)

    async def _reached(self, _worker: PipelineWorker, frame: object) -> None:
        if not isinstance(frame, InputDTMFFrame):
            return
        key = str(frame.button.value)
        last, self._last = self._last, KeptKeys()
        if self._keepers:
            self._keepers[-1].press(key)
        elif key == last.finish and asyncio.get_running_loop().time() <= last.finish_until:
            return
        elif not self.take(key):
            self._write(key)

    def _write(self, key: str) -> None:
        """Keys that follow each other are one entry: as a row, they can be told for what they are."""
        now, presses = self._record.elapsed(), self._record.keypad
        if presses and now - self._pressed <= TOGETHER_SECONDS:
            if len(presses[-1].keys) < MOST_PRESSES:
                presses[-1] = replace(presses[-1], keys=presses[-1].keys + key)
        elif len(presses) < MOST_PRESSES:
            presses.append(KeyPress(now, key))
        self._pressed = now
