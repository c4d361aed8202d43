"""Speech that goes on without a pause: whether there are words in it, or it is a noise that never ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline.failover.attempt_deadline import AttemptDeadline
from agentrun.pipeline.failover.failover import Member

LOOK_SECONDS = 3.0
"""How long it may take to find words in it; to a service that streams it is given beforehand."""
SoFar = Callable[[], Awaitable[Sequence[Frame | None]]]
"""What a service for whole utterances writes down of one that goes on."""
Start = Callable[[Coroutine[Any, Any, None]], None]


class UnbrokenSpeech:
    """Looks for words in what the voice detector hears for ``seconds`` without a pause.

    Who waits beside a radio would else wait for its end. A service for whole utterances is asked what there
    is ``so_far``; one that streams tells of ``words`` by itself. ``on_noise`` is called, again and again,
    where there are none by the judgement of ``are_words``; ``start`` begins a task.
    """

    def __init__(
        self,
        so_far: Mapping[FrameProcessor, SoFar],
        are_words: Callable[[TranscriptionFrame], bool],
        on_noise: Callable[[Member, float], Coroutine[Any, Any, None]],
        start: Start,
        seconds: float,
    ) -> None:
        self._so_far, self._are_words, self._seconds = so_far, are_words, seconds
        self._on_noise, self._start = on_noise, start
        self._member: Member | None = None
        self._deadline = AttemptDeadline(self._look)

    def begins(self, member: Member | None) -> None:
        """The caller's voice is heard, and ``member`` writes it down."""
        self._member = member
        self._wait()

    def words(self) -> None:
        """Words were written down."""
        if self._deadline:
            self._wait()

    def ends(self) -> None:
        """The caller's voice pauses, or the call is over."""
        self._deadline.lift()

    def _wait(self) -> None:
        if self._member:
            streams = self._member.service not in self._so_far
            self._deadline.set(self._seconds + (LOOK_SECONDS if streams else 0.0))

    def _look(self) -> None:
        self._wait()
        if self._member:
            self._start(self._find_words(self._member))

    async def _find_words(self, member: Member) -> None:
        written: Sequence[Frame | None] = ()
        if so_far := self._so_far.get(member.service):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    written = await so_far()
        found = any(isinstance(frame, TranscriptionFrame) and self._are_words(frame) for frame in written)
        if self._deadline and not found:
            await self._on_noise(member, self._seconds)
