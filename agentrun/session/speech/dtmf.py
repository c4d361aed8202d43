"""The keys that a caller presses."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import InputDTMFFrame
from pipecat.pipeline.worker import PipelineWorker


class DtmfKeys:
    """Takes the keys out of the pipeline; those that nobody collects are dropped."""

    def __init__(self, worker: PipelineWorker) -> None:
        self._keys: asyncio.Queue[str] | None = None
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
        if isinstance(frame, InputDTMFFrame) and self._keys is not None:
            self._keys.put_nowait(str(frame.button.value))
