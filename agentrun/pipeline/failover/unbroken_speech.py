"""Speech without a pause: tells words from a noise that never ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline.failover.attempt_deadline import AttemptDeadline
from agentrun.pipeline.failover.failover import Member

LOOK_SECONDS = 3.0
"""How long it may take to find words in it; to a service that streams it is given beforehand."""
UNBROKEN_SECONDS = 60.0
"""Speech that goes on for so long is told of: it may be a television, and nobody answers meanwhile."""
_NEXT_SECONDS = 1.0
"""After which the service that takes over from one that failed is asked, or one that was still busy."""
SoFar = Callable[[float], Awaitable[Sequence[Frame | None]]]
"""What a service writes down of so many last seconds of an utterance that goes on."""


@dataclass(frozen=True)
class Ear:
    """Who writes speech down, and who is told what comes of it: ``noise`` in words, ``fail`` an error.

    ``noted`` is told of what nothing is done about. ``start`` begins a task. Where nobody takes over,
    ``alone``, what is slow to answer is noted at most once.
    """

    serving: Callable[[], Member | None]
    why_no_words: Callable[[TranscriptionFrame], str]
    noise: Callable[[str], None]
    fail: Callable[[ErrorFrame], None]
    start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    alone: bool
    noted: Callable[[str], None]


class UnbrokenSpeech:
    """Looks for words in what the voice detector hears for ``seconds`` without a pause.

    Who waits beside a radio would else wait for its end. A service that writes at a pause only is asked what
    there is ``so_far``, one look at a time; any other tells of ``words`` by itself. A stretch without words
    is a noise, again and again. One of which nobody knows, for the service is slow or fails, may be the
    caller's own words: it is taken for a noise once, and after that the service counts as failing where it
    does fail, or exceeds what it may take for an utterance.
    """

    def __init__(self, ear: Ear, so_far: Mapping[FrameProcessor, SoFar], seconds: float) -> None:
        self._ear, self._so_far, self._seconds = ear, so_far, seconds
        self._deadline = AttemptDeadline(self._look)
        self._slow = AttemptDeadline(lambda: self._unknown("no transcript yet"))
        self._long = AttemptDeadline(self._goes_on)
        self._looking: asyncio.Task[None] | None = None
        self._has_asked = False

    def begins(self) -> None:
        """The caller's voice is heard."""
        self._has_asked = False
        self._long.set(UNBROKEN_SECONDS)
        self._wait()

    def words(self) -> None:
        """Words were written down."""
        if self._deadline:
            self._wait()

    def ends(self) -> None:
        """The caller's voice pauses, or the call is over: nobody wants to know any more."""
        for deadline in (self._deadline, self._slow, self._long):
            deadline.lift()
        looking, self._looking = self._looking, None
        if looking:
            looking.cancel()

    def _goes_on(self) -> None:
        if member := self._ear.serving():
            self._ear.noted(f"{member.name}: {UNBROKEN_SECONDS:g} s of speech without a pause, and no answer")

    def _wait(self) -> None:
        member = self._ear.serving()
        asked = member is None or member.service in self._so_far
        self._deadline.set(self._seconds + (0.0 if asked else LOOK_SECONDS))

    def _look(self) -> None:
        self._wait()
        member = self._ear.serving()
        if self._looking and not self._looking.done():
            self._deadline.set(_NEXT_SECONDS)
        elif member is None:
            return
        elif so_far := self._so_far.get(member.service):
            self._looking = self._ear.start(self._find_words(member, so_far))
        else:
            self._ear.noise(self._message(member))

    async def _find_words(self, member: Member, so_far: SoFar) -> None:
        if self._ear.alone and not self._has_asked:
            self._slow.set(LOOK_SECONDS)
        written: Sequence[Frame | None] = ()
        try:
            async with asyncio.timeout(member.attempt_timeout):
                written = await so_far(self._seconds)
        except TimeoutError:
            words = f"no transcript within {member.attempt_timeout:g} s"
            written = [ErrorFrame(words, category=ErrorCategory.CONNECTIVITY)]
        except Exception as error:  # noqa: BLE001 - whatever a provider's client raises
            written = [ErrorFrame(f"{type(error).__name__}: {error}", category=ErrorCategory.CONNECTIVITY)]
        self._slow.lift()
        failed = next((frame for frame in written if isinstance(frame, ErrorFrame)), None)
        transcripts = [frame for frame in written if isinstance(frame, TranscriptionFrame)]
        if failed:
            self._failed(failed)
        elif all(self._ear.why_no_words(frame) for frame in transcripts):
            self._ear.noise(self._message(member))

    def _failed(self, error: ErrorFrame) -> None:
        if self._ear.alone and not self._has_asked:
            self._unknown(error.error)
            return
        self._ear.fail(error)
        if not self._ear.alone:
            self._deadline.set(_NEXT_SECONDS)

    def _unknown(self, why: str) -> None:
        self._has_asked = True
        if member := self._ear.serving():
            self._ear.noise(f"{self._message(member)}, as far as is known: {why}")

    def _message(self, member: Member) -> str:
        return f"{member.name}: no words in {self._seconds:g} s of speech without a pause"
