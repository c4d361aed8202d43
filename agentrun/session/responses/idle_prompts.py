"""What the agent does when the caller says nothing, and when the call has reached its longest duration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import UserIdleTimeoutUpdateFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline.flows.flow import CallFlow
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements
from agentrun.spec.models.idle import AnyIdle, Step, step
from agentrun.spec.models.turns_and_limits import Limits

Farewell = Callable[[str, str], None]
"""Says the first text, then ends the call for the second one's reason."""


class IdlePrompts:
    """Does for a silent caller what the spec's ``idle`` says, step after step, until they speak again.

    Pipecat counts the silence; it is told how long the next step has to wait. A node of the
    ``flow`` may have something else in place of ``idle``.
    """

    def __init__(
        self,
        idle: AnyIdle | None,
        voice: Announcements,
        response_deadline: ResponseDeadline,
        farewell: Farewell,
        worker: PipelineWorker,
        flow: CallFlow | None = None,
    ) -> None:
        self._idle = idle
        self._flow = flow
        self._voice = voice
        self._response_deadline = response_deadline
        self._farewell = farewell
        self._worker = worker
        self._done = self._times_spoken = 0
        self._paused_until = 0.0
        first = step(idle, 0)
        self._counts_to = first.wait if first else 0.0

    async def pause(self, seconds: float) -> None:
        """Let the caller be silent for ``seconds``, until they have spoken."""
        self._paused_until = asyncio.get_running_loop().time() + seconds
        if self._wait:
            await self._count_to(max(seconds, self._wait))

    async def go_on_with(self, idle: AnyIdle | None) -> None:
        """Another agent has taken over, which has ``idle`` for a silent caller."""
        self._idle = idle
        self._done = 0
        await self._count_to(self._wait)

    async def caller_spoke(self) -> None:
        """Begin with the first step anew."""
        self._times_spoken += 1
        self._done, self._paused_until = 0, 0.0
        if self._counts_to != self._wait:
            await self._count_to(self._wait)

    async def restart(self) -> None:
        """Count the caller's silence from now on, where it is being counted."""
        if self._counts_to:
            await self._count_to(self._counts_to)

    async def count_from_beginning(self, has_spoken: Callable[[], bool]) -> None:
        """Nobody greets the caller of a call that begins now: Pipecat counts from the agent's first words on.

        The first step comes where neither they nor the agent, which ``has_spoken`` tells, have by then.
        """
        if not self._wait:
            return
        await asyncio.sleep(self._wait)
        if not (self._times_spoken or self._done or has_spoken()):
            await self.caller_is_silent()

    async def caller_is_silent(self) -> None:
        """Called when the caller has been silent for as long as the next step, or a pause, has to wait.

        Who waits for a tool or for an answer is not idle.
        """
        if self._caller_waits():
            await self.restart()
            return
        now = self._next
        if now is None:
            return
        self._done += 1
        if now.ends:
            await self._end(now.say)
            return
        if self._counts_to != self._wait:
            await self._count_to(self._wait)
        if now.ask:
            self._response_deadline.owed()
            await self._voice.ask(now.ask)
        else:
            await self._voice.say(now.say)

    async def nobody_speaks(self, _worker: PipelineWorker) -> None:
        """Called each time that neither side has spoken for as long as ``limits.idle_timeout``: end the call.

        A caller who was told to take their time has all of it.
        """
        if asyncio.get_running_loop().time() >= self._paused_until:
            self._farewell("", "nobody spoke any more")

    async def _end(self, goodbye: str) -> None:
        """End the call, unless the caller speaks over ``goodbye``: then they are there after all."""
        before = self._voice.cuts.count, self._times_spoken
        if goodbye:
            await self._voice.say_whole(goodbye)
            await self._voice.heard()
        if before == (self._voice.cuts.count, self._times_spoken):
            self._farewell("", "the caller said nothing")
        elif self._done:
            # a noise cut it off: it is said again when they stay silent
            self._done -= 1

    def _caller_waits(self) -> bool:
        if self._response_deadline.tools or self._voice.about_to_speak:
            return True
        return self._done > 0 and self._response_deadline.answer.waits

    @property
    def _next(self) -> Step | None:
        return step((self._flow.idle if self._flow else None) or self._idle, self._done)

    @property
    def _wait(self) -> float:
        """Seconds of silence before the next step; 0 where there is none."""
        return self._next.wait if self._next else 0.0

    async def _count_to(self, seconds: float) -> None:
        self._counts_to = seconds
        await self._worker.queue_frame(UserIdleTimeoutUpdateFrame(seconds))


async def limit(
    limits: Limits, past: float, voice: Announcements, response_deadline: ResponseDeadline, farewell: Farewell
) -> None:
    """Warn the caller before the longest duration, ``past`` of which is over, and end the call at it.

    The goodbye does not wait for the end of an answer. A tool at work is no answer, and would be cancelled
    with what is being said: it goes on beside the goodbye.
    """
    left = max(0.0, limits.max_duration - past)
    warn_at = max(0.0, left - limits.warn_before)
    await asyncio.sleep(warn_at)
    if limits.warn_before and warn_at:
        if response_deadline.answer.waits:
            response_deadline.words_promised()
        await voice.say(limits.warning)
    await asyncio.sleep(left - warn_at)
    if limits.goodbye and not response_deadline.tools:
        await voice.silence()
    farewell(limits.goodbye, "the call reached its longest duration")
