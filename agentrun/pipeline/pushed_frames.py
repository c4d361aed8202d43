"""What a processor pushes or is given: told to others, or kept back; at the price of one call a frame.

Pipecat's event ``on_before_push_frame`` runs a coroutine for each frame, and sound has fifty a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor

from agentrun.pipeline.pipecat_private.replacements import replace_method

_F = TypeVar("_F", bound=Frame)


def watch_pushed_frames(
    part: FrameProcessor, kind: type[_F] | tuple[type[_F], ...], told: Callable[[_F], None]
) -> None:
    """Have ``told`` called with each frame of ``kind``, or of one of them, that ``part`` is about to push."""

    async def push_frame(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if isinstance(frame, kind):
            told(frame)
        await push(frame, direction)

    push = replace_method(part, "push_frame", push_frame)


def keep_caller_sound(part: FrameProcessor) -> None:
    """Let ``part`` be the last that is given the caller's sound: nobody behind it has a use for it."""

    async def push_frame(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if not isinstance(frame, InputAudioRawFrame):
            await push(frame, direction)

    push = replace_method(part, "push_frame", push_frame)


def give_no_sound(part: FrameProcessor) -> None:
    """Let ``part`` not be given the agent's sound, which is sent when it comes there, and of no use to it."""

    async def queue_frame(
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        if not isinstance(frame, OutputAudioRawFrame):
            await queue(frame, direction, callback)

    queue = replace_method(part, "queue_frame", queue_frame)
