"""Closes a transport's output to everything that still comes from the pipeline."""

from __future__ import annotations

from pipecat.frames.frames import Frame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport

from agentrun.pipeline.audio.line_frames import is_speech
from agentrun.pipeline.pipecat_private.replacements import replace_method


class OutputGate:
    """Gates a transport's ``output``: once closed, only frames that are queued through the gate get in.

    What the pipeline says or interrupts is dropped then, wherever it was when the gate was closed; the end of
    the call is let through.
    """

    def __init__(self, output: FrameProcessor) -> None:
        self._output = output
        self._closed = False
        self._admitted: set[int] = set()

        async def process_frame(frame: Frame, direction: FrameDirection) -> None:
            if not self._drops(frame, direction):
                await process(frame, direction)

        if isinstance(output, BaseOutputTransport):
            process = replace_method(output, "process_frame", process_frame)

    def close(self) -> None:
        """Drop everything that comes from the pipeline from now on, and what is still in its queue."""
        self._closed = True

    async def queue_frame(self, frame: Frame) -> None:
        """Queue a frame that passes the closed gate and that no interruption drops."""
        frame.interruptible = False
        self._admitted.add(frame.id)
        await self._output.queue_frame(frame)

    def _drops(self, frame: Frame, direction: FrameDirection) -> bool:
        if not self._closed or direction is not FrameDirection.DOWNSTREAM or not is_speech(frame):
            return False
        admitted = frame.id in self._admitted
        self._admitted.discard(frame.id)
        return not admitted
