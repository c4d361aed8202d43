"""The keys that a caller presses: collected, taken as a turn, or written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from pipecat.frames.frames import InputDTMFFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.records import CallRecord, KeyPress

TOGETHER_SECONDS = 5.0
"""Keys within so long of each other belong together."""
MOST_PRESSES = 200


class DtmfKeys:
    """Takes the keys out of the pipeline; those that nobody collects are in the ``record``."""

    def __init__(self, worker: PipelineWorker, record: CallRecord) -> None:
        self._record = record
        self._keys: asyncio.Queue[str] | None = None
        self._pressed = 0.0
        self.take: Callable[[str], bool] = lambda _key: False
        """Takes a key that nobody collects, or says that it doesn't."""
        worker.add_reached_downstream_filter((InputDTMFFrame,))
        worker.add_event_handler("on_frame_reached_downstream", self._reached)

    def listen(self) -> None:
        """Keep the keys from now on."""
        self._keys = asyncio.Queue()

    async def collect(self, most: int, finish: str, timeout: float) -> str:
        """The kept keys: ``most``, or those before ``finish``, or before ``timeout`` seconds without one."""
        keys = self._keys or asyncio.Queue()
        pressed = ""
        try:
            while len(pressed) < most:
                key = await asyncio.wait_for(keys.get(), timeout)
                if key == finish:
                    break
                pressed += key
        except TimeoutError:
            return pressed
        finally:
            self._keys = None
        return pressed

    async def _reached(self, _worker: PipelineWorker, frame: object) -> None:
        if not isinstance(frame, InputDTMFFrame):
            return
        key = str(frame.button.value)
        if self._keys is None:
            if not self.take(key):
                self._write(key)
        else:
            self._keys.put_nowait(key)

    def _write(self, key: str) -> None:
        """Keys that follow each other are one entry: as a row, they can be told for what they are."""
        now, presses = self._record.elapsed(), self._record.keypad
        if presses and now - self._pressed <= TOGETHER_SECONDS:
            presses[-1] = replace(presses[-1], keys=presses[-1].keys + key)
        elif len(presses) < MOST_PRESSES:
            presses.append(KeyPress(now, key))
        self._pressed = now
