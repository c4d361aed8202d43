"""A caller who is away for some seconds, for example because their network dropped."""

from __future__ import annotations

from collections.abc import Callable

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.who_is_speaking import WhoIsSpeaking
from agentrun.session.tracking.transcript import Transcript


class Absence:
    """Suspends the call until its caller is back; ``words`` returns what they hear if they missed anything.

    Tools work on. What the model has answered meanwhile was not heard, and a cascade is asked for it again;
    a realtime model has it in its conversation as said, so that its caller asks again.
    """

    def __init__(
        self,
        voice: Announcements,
        response_deadline: ResponseDeadline,
        idle: IdlePrompts,
        speaking: WhoIsSpeaking,
        transcript: Transcript,
        words: Callable[[], str],
        parts: PipelineParts,
        worker: PipelineWorker,
    ) -> None:
        self._voice, self._idle, self._speaking, self._words = voice, idle, speaking, words
        self._response_deadline, self._transcript = response_deadline, transcript
        self._parts, self._worker = parts, worker
        self._has_missed = False

    async def begin(self, at_most: float) -> None:
        """The caller is away, for at most ``at_most`` seconds."""
        works = bool(self._response_deadline.tools)
        self._has_missed = self._speaking.agent or works or self._response_deadline.answer.waits
        self._response_deadline.settled()
        await self._idle.pause(at_most)
        if not works:
            await self._voice.silence("hang-up")
        if self._parts.playout:
            self._parts.playout.close_line("hang-up")

    async def end(self, seconds: float) -> None:
        """The caller is back after ``seconds``; they hear about it only if they missed something."""
        self._transcript.error(f"line_interrupted: the caller was away for {seconds:.1f} s, and is back")
        if self._parts.playout:
            self._parts.playout.open_line()
        if not self._has_missed:
            return
        self._response_deadline.owed()
        if words := self._words():
            await self._voice.say(words)
        if self._voice.has_own_voice and not self._response_deadline.tools:
            await self._worker.queue_frame(LLMRunFrame())
