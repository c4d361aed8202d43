"""Runs several services for one job: when one fails, the next takes over its work."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    ManuallySwitchServiceFrame,
    StartFrame,
)
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyManual
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline import service_labels
from agentrun.pipeline.failover.attempt_deadline import AttemptDeadline
from agentrun.pipeline.failover.recovery import ServiceRecovery
from agentrun.pipeline.session_listener import SessionListener

Directed = tuple[Frame, FrameDirection]
END_SECONDS = 15.0
"""How long the end of a call waits for unfinished work."""
OURS = "failover"
"""Marks a frame that is meant for one member and goes no further."""


@dataclass(frozen=True)
class Member:
    """A service, its name, the seconds it may take to begin, and its address."""

    service: FrameProcessor
    name: str
    attempt_timeout: float
    address: str = ""


class Failover(ServiceSwitcher[ServiceSwitcherStrategyManual]):
    """Gives work to one service at a time, and keeps the work until it is done.

    Work goes to the serving member itself and past Pipecat's filters, since those close only behind what is
    already on its way. What a member that no longer serves still says is dropped.
    """

    part: str
    """``stt``, ``llm`` or ``tts``."""

    def __init__(self, members: Sequence[Member], listener: SessionListener) -> None:
        super().__init__([member.service for member in members], ServiceSwitcherStrategyManual)
        self.members = tuple(members)
        self._listener = listener
        self._serving: Member | None = self.members[0]
        self._tried: list[Member] = []
        self.deadline = AttemptDeadline(self.overdue)
        self._moves: set[asyncio.Task[None]] = set()
        self._recovery = ServiceRecovery(self.create_task)
        for member in members:
            member.service.add_event_handler("on_before_push_frame", self._sign)

    @abstractmethod
    def is_work(self, frame: Frame, direction: FrameDirection) -> bool:
        """Whether a frame is only for the active member."""

    @abstractmethod
    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        """Keep new work, and give it to the active member."""

    @abstractmethod
    def passes(self, frame: Frame) -> Sequence[Frame]:
        """What is passed on of a frame from the active member."""

    @abstractmethod
    def left(self) -> Sequence[Directed]:
        """The frames to give to the next member."""

    @abstractmethod
    def forget(self) -> None:
        """Drop the current work."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether there is unfinished work."""

    def outlives(self, frame: Frame) -> bool:
        """Whether a frame is passed on although its service is no longer active."""
        return isinstance(frame, StartFrame | EndFrame | CancelFrame | InterruptionFrame)

    async def close(self) -> None:
        """End what was begun, since no member will continue it."""

    def overdue(self) -> None:
        """The active member has produced nothing within its time."""
        if self._serving:
            words = f"{self._serving.name}: nothing within {self._serving.attempt_timeout:g} s"
            self.fail(ErrorFrame(words, category=ErrorCategory.CONNECTIVITY))

    def wait(self) -> None:
        """Start the active member's deadline."""
        if self._serving:
            self.deadline.set(self._serving.attempt_timeout)

    def succeeded(self) -> None:
        """A piece of work is done; members that failed at it may be used for the next one."""
        self._tried.clear()
        if self._serving:
            self._recovery.works(self._serving.service)

    def interrupted(self) -> None:
        """The current work is no longer wanted."""
        self.deadline.lift()
        self.forget()
        self._tried.clear()

    async def give(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Give a frame to the active member; while there is none, the next one will get all that is left."""
        if self._serving:
            await self._serving.service.queue_frame(frame, direction)

    async def prefer(self) -> None:
        """Go back to the first member that works, if there is no unfinished work."""
        best = next((m for m in self.members if not self._recovery.awaits(m.service)), None)
        if best and self._serving and best is not self._serving and not self.busy:
            self._listener.failed_over(self.part, best.name, self._serving.name, None)
            await self._serve(best)

    def fail(self, error: ErrorFrame) -> None:
        """The active member has failed: switch to the next one, or report that there is none."""
        failed = self._serving
        following = self._following()
        if failed is None or not (following or self._recovery.is_news()):
            return
        self.deadline.lift()
        self._tried.append(failed)
        if len(self.members) > 1:
            self._recovery.begin(failed.service)
        if following:
            error.error += f"; {service_labels.described(self.part, failed.name, failed.address)}"
            self._serving = None
        else:
            self.forget()
            self._tried.clear()
        self._move(self._fail_over(failed, following, error))

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            await FrameProcessor.process_frame(self, frame, direction)
            await self._interrupted(frame, direction)
        elif self.is_work(frame, direction):
            await FrameProcessor.process_frame(self, frame, direction)
            await self.take(frame, direction)
        else:
            if isinstance(frame, EndFrame):
                await self._finish()
            frame.metadata[self.name] = None
            await super().process_frame(frame, direction)

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        source = frame.metadata.pop(self.name, None)
        if frame.metadata.get(OURS) == self.name:
            return
        serves = self._serving is not None and source is self._serving.service
        if source is None or (self.outlives(frame) and not serves):
            await super().push_frame(frame, direction)
        elif not serves:
            if isinstance(frame, ErrorFrame):
                self._recovery.failed(source)
        elif isinstance(frame, ErrorFrame) and frame.category is not ErrorCategory.APPLICATION:
            self.fail(frame)
        else:
            for each in self.passes(frame) if direction is FrameDirection.DOWNSTREAM else (frame,):
                await super().push_frame(each, direction)

    async def cleanup(self) -> None:
        self.deadline.lift()
        for task in (*self._moves, *self._recovery.tasks()):
            await self.cancel_task(task)
        await super().cleanup()  # type: ignore[no-untyped-call]

    def _sign(self, service: FrameProcessor, frame: Frame) -> None:
        """Note on a frame which member produced it, unless it is only passing through."""
        frame.metadata.setdefault(self.name, service)

    def _following(self) -> Member | None:
        """The first member that has not failed at this work; recently failed ones come last."""
        fresh = [member for member in self.members if member not in (*self._tried, self._serving)]
        return min(fresh, key=lambda member: self._recovery.awaits(member.service), default=None)

    def _move(self, coroutine: object) -> asyncio.Task[None]:
        """Switch outside the failed member's own task, which is cancelled in the process."""
        task: asyncio.Task[None] = self.create_task(coroutine)  # type: ignore[arg-type]
        self._moves.add(task)
        task.add_done_callback(self._moves.discard)
        return task

    async def _fail_over(self, failed: Member, following: Member | None, error: ErrorFrame) -> None:
        await self._silence(failed)
        if following:
            self._listener.failed_over(self.part, following.name, failed.name, error)
            await self._serve(following)
        if not self.busy:
            await self.close()
        if following:
            return
        error.processor = self
        await self.push_error_frame(error)

    async def _serve(self, member: Member) -> None:
        """Make ``member`` the active one, and give it what is left before anything else can arrive."""
        self._serving = None
        await self._recovery.stop(member.service)
        await member.service.set_usable(True)
        await self.strategy.handle_frame(
            ManuallySwitchServiceFrame(service=member.service), FrameDirection.DOWNSTREAM
        )
        self._serving = member
        for frame, direction in self.left():
            await member.service.queue_frame(frame, direction)
        if self.busy:
            self.wait()

    async def _interrupted(self, frame: Frame, direction: FrameDirection) -> None:
        """Everybody stops; what passes on is the one frame."""
        self.interrupted()
        speaker = self._serving.service if self._serving else self.strategy.active_service
        for member in self.members:
            if member.service is not speaker:
                await self._silence(member)
        await speaker.queue_frame(frame, direction)

    async def _silence(self, member: Member) -> None:
        """Interrupt a member. A paused one is resumed, so that the end of the call can pass through it."""
        frame = InterruptionFrame()
        frame.metadata[OURS] = self.name
        await member.service.queue_frame(frame)

    async def _finish(self) -> None:
        """Finish the current work before the end frame reaches the members: after it none can take over."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + END_SECONDS
        while self.busy and loop.time() < latest:  # noqa: ASYNC110 - many frames make it less busy
            await asyncio.sleep(0.02)
