"""What is done about errors and answers that went wrong, so that the caller hears something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from pipecat.frames.frames import ErrorFrame, LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import context_size, pipecat_private
from agentrun.pipeline.failover.utterance import NoiseFrame, NoWordsFrame
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services import end_of_answer
from agentrun.records import CallRecord
from agentrun.session.responses import error_words, rate_limits
from agentrun.session.responses.answer_state import AnswerState, Loss
from agentrun.session.responses.provider_faults import (
    Faults,
    Verdict,
    category,
    described,
    is_deaf_voice,
    refusal,
)
from agentrun.session.responses.refused_requests import SHORTENED, RefusedRequests
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements

_PAUSE_SECONDS, _MOST_SECONDS = 1.0, 60.0
"""So long a silence is the end of an answer that is being heard; and how long the rest of it may take."""
_RECONNECT_SECONDS = 1.0
"""How long a new connection to a voice may take, of the little time that an answer has left."""
GO_ON = (
    "Your last answer broke off, and the caller has heard it so far. Go on from there in one or two "
    "sentences, without repeating what was said and without mentioning that it broke off."
)

GO_ON_OTHERWISE = (
    "Your last answer was stopped by a content filter, and the caller has heard it so far. Do not go on with "
    "it. Say in one sentence that you can't say more about this, and ask what else you can do for them."
)

RESUME = (
    "The connection was lost for a moment. Say so in a few words and ask the caller to repeat "
    "what they said last."
)
ANSWER = "The caller has had no answer to what they said last. Give it now."
"""For a realtime model that can't be asked for an answer but by something that it answers."""


@dataclass
class Remedies:
    """For one call. ``repeat`` are the words that ask the caller to say it again."""

    record: CallRecord
    parts: PipelineParts
    worker: PipelineWorker
    faults: Faults
    response_deadline: ResponseDeadline
    voice: Announcements
    repeat: str
    apologise: Callable[[str], Awaitable[None]]
    is_over: Callable[[], bool]
    refused: RefusedRequests = field(init=False)

    def __post_init__(self) -> None:
        self.refused = RefusedRequests(self.parts)

    async def failed(self, _worker: PipelineWorker, frame: ErrorFrame) -> None:
        """A processor tells of an error."""
        line = error_words.located(described(frame), frame.processor, self.parts)
        # some services say of each piece of sound that it could not be sent or heard
        again = line in self.record.errors[-1:] and (self.parts.is_realtime or self.is_over())
        if not again:
            self.record.errors.append(line)
        if self.is_over() or (again and pipecat_private.speaks_like_openai(frame.processor)):
            return
        if isinstance(frame, NoiseFrame):
            # it is not the caller who speaks; what they wait for is due by its own deadline
            self.response_deadline.voice_ended()
            if self.response_deadline.answer.waits:
                return
        begun, follows = self.response_deadline.answer.has_begun, self.response_deadline.answer_follows
        verdict = self.faults.judge(frame, begun=begun, follows=follows)
        words = error_words.describe(frame, category(frame), self.parts)
        logger.warning("call {}: {}; will {}", self.record.id, words, verdict.value)
        if verdict is Verdict.GO_ON:
            # what was made of it is heard first
            self.faults.forgive()
            self.response_deadline.broke_off(frame.error)
            return
        if isinstance(frame, NoWordsFrame) and verdict is Verdict.IGNORE and not self.response_deadline.tools:
            self.response_deadline.owed()
            return
        if verdict is not Verdict.GIVE_UP and frame.processor and not frame.processor.is_usable:
            await frame.processor.set_usable(True)
        await self._renew_voice(frame)
        if verdict is Verdict.MEND:
            verdict = self._mended(frame)
        await self._do(verdict, words)

    def _mended(self, frame: ErrorFrame) -> Verdict:
        """Have the next request made otherwise, and say so in the record."""
        done = self.mend(refusal(frame))
        if not done:
            return Verdict.DROP_TURN
        if done != SHORTENED:
            self.faults.forgive()
        return Verdict.RETRY

    def mend(self, words: str, *, of_session: bool = False) -> str:
        """Have what a provider's ``words`` refuse be asked for otherwise; what was done, or nothing."""
        done = self.refused.mend(words, of_session=of_session)
        if done:
            self.record.errors.append(f"request_mended: {done}")
            logger.warning("call {}: {}, and the request is sent once more", self.record.id, done)
        return done

    async def went_wrong(self, state: AnswerState, reason: str) -> None:
        """An answer has stalled, is empty or has failed."""
        if self.is_over():
            return
        by_itself = self.parts.is_realtime and not pipecat_private.speaks_like_openai(self.parts.llm)
        may_ask = by_itself and self.response_deadline.has_time and not self.response_deadline.tools
        filtered = end_of_answer.is_filtered(reason)
        verdict = self.faults.judge_answer(state, may_ask=may_ask, filtered=filtered)
        if verdict is Verdict.GO_ON and not self.response_deadline.has_time:
            verdict = Verdict.GIVE_UP
        wait = rate_limits.wait(reason)
        if verdict is Verdict.ASK_AGAIN and wait:
            # the words that ask the caller to say it again are the same model's
            verdict = Verdict.RETRY
        reason = error_words.awaited(state, reason, self.parts)
        self.record.errors.append(reason)
        logger.warning("call {}: {}; will {}", self.record.id, reason, verdict.value)
        if verdict is Verdict.GO_ON:
            await self._go_on(GO_ON_OTHERWISE if filtered else GO_ON)
        else:
            await self._do(verdict, reason, wait)

    def noted(self, reason: str) -> None:
        """Something that the caller may not have noticed."""
        self.record.errors.append(reason)

    async def lost(self, reason: str) -> None:
        """The model's connection is gone for good."""
        self.record.errors.append(reason)
        await self.unreachable(reason)

    async def unreachable(self, reason: str) -> None:
        """The model can't be reached any more: what has come of an answer is heard before the apology."""
        if self.voice.sounding:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.voice.heard(_PAUSE_SECONDS), _MOST_SECONDS)
        await self.apologise(reason)

    def reconnecting(self, reason: str, *, unheard: bool) -> Loss:
        """The model went silent and is connected anew: what it has to make up for when it is back.

        That is nothing where whoever says last words is to say them again.
        """
        self.record.errors.append(reason)
        loss = self.response_deadline.reconnecting(unheard=unheard)
        return Loss.NOTHING if self.voice.insists else loss

    def restored(self, asked: bool) -> None:
        """It is back, and was ``asked`` to speak or not."""
        self.response_deadline.reconnected(asked=asked)

    async def came_back(self, reason: str) -> None:
        """The model has connected itself anew: it knows of no question, and of no answer that it was at."""
        self.record.errors.append(reason)
        answer = self.response_deadline.answer
        if answer.state is AnswerState.SPEAKING:
            self.response_deadline.broke_off(reason)
        elif answer.state is AnswerState.AWAITED and not answer.has_begun:
            self.response_deadline.extend()
            await self.parts.llm.queue_frame(pipecat_private.asking(self.parts.llm, RESUME))

    async def _renew_voice(self, frame: ErrorFrame) -> None:
        """Have what is said next go over another connection, where the other end may have gone deaf."""
        if is_deaf_voice(frame):
            await pipecat_private.connect_anew(self.parts.tts, _RECONNECT_SECONDS)

    async def _do(self, verdict: Verdict, reason: str, wait: float = 0.0) -> None:
        if verdict is Verdict.GIVE_UP:
            await self.apologise(reason)
        elif verdict is Verdict.RETRY:
            await self._ask_once_more(wait)
        elif verdict in (Verdict.ASK_AGAIN, Verdict.DROP_TURN):
            if verdict is not Verdict.ASK_AGAIN:
                context_size.drop_refused(self.parts.context)
            self.response_deadline.again()
            await self.voice.say(self.repeat)

    async def _ask_once_more(self, wait: float) -> None:
        """Ask, after ``wait`` seconds in which the caller may have said something else."""
        self.response_deadline.again()
        if wait:
            answer = self.response_deadline.answer
            asked = answer.silence.asked
            await asyncio.sleep(wait)
            is_same = answer.state is AnswerState.AWAITED and answer.silence.asked == asked
            if not is_same or answer.has_begun or self.is_over():
                return
        if pipecat_private.speaks_like_openai(self.parts.llm):
            await pipecat_private.realtime_answer_again(self.parts.llm)
        elif self.parts.is_realtime:
            await self.parts.llm.queue_frame(pipecat_private.asking(self.parts.llm, ANSWER))
        else:
            await self.worker.queue_frame(LLMRunFrame())

    async def _go_on(self, instruction: str) -> None:
        """Drop what hangs, keep what was heard, and have the model go on behind it."""
        await self.voice.silence()
        self.response_deadline.again()
        llm = self.parts.llm
        if pipecat_private.speaks_like_openai(llm):
            await pipecat_private.realtime_give_up_answer(llm)
        if self.parts.is_realtime:
            await llm.queue_frame(pipecat_private.asking(llm, instruction))
            return
        message: Any = {"role": "developer", "content": instruction}
        self.parts.context.add_message(message)
        await self.worker.queue_frame(LLMRunFrame())
