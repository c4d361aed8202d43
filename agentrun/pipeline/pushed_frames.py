"""Observes or holds back the frames of a processor, at the cost of one function call per frame.

Pipecat's event ``on_before_push_frame`` runs a coroutine for each frame, and sound has fifty a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor

from agentrun.pipeline.pipecat_private.replacements import replace_method

_F = TypeVar("_F", bound=Frame)


class _Watchers:
    """The callbacks for one processor's frames, called with a single look-up per frame."""

    def __init__(self, part: FrameProcessor) -> None:
        self._all: list[tuple[type[Frame] | tuple[type[Frame], ...], Callable[[Any], None]]] = []
        self._of_kind: dict[type[Frame], list[Callable[[Any], None]]] = {}
        self._push = replace_method(part, "push_frame", self.push_frame)

    def add(self, kind: type[Frame] | tuple[type[Frame], ...], told: Callable[[Any], None]) -> None:
        """Call ``told`` from now on, before the existing callbacks."""
        self._all.insert(0, (kind, told))
        self._of_kind.clear()

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Tell, and push."""
        kind = type(frame)
        told = self._of_kind.get(kind)
        if told is None:
            told = self._of_kind[kind] = [each for wanted, each in self._all if issubclass(kind, wanted)]
        for each in told:
            each(frame)
        await self._push(frame, direction)


def watch_pushed_frames(
    part: FrameProcessor, kind: type[_F] | tuple[type[_F], ...], told: Callable[[_F], None]
) -> None:
    """Call ``told`` with each frame of ``kind``, or one of several kinds, that ``part`` is about to push."""
    watchers = getattr(part.push_frame, "__self__", None)
    if not isinstance(watchers, _Watchers):
        watchers = _Watchers(part)
    watchers.add(kind, told)


def keep_caller_sound(part: FrameProcessor) -> None:
    """Stop the caller's audio at ``part``, the last processor that uses it."""

    async def push_frame(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if not isinstance(frame, InputAudioRawFrame):
            await push(frame, direction)

    push = replace_method(part, "push_frame", push_frame)


def give_no_sound(part: FrameProcessor) -> None:
    """Keep the agent's audio from ``part``, which has no use for it."""

    async def queue_frame(
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        if not isinstance(frame, OutputAudioRawFrame):
            await queue(frame, direction, callback)

    queue = replace_method(part, "queue_frame", queue_frame)
