"""Announcements: what the agent says without being asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    DataFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    OutputDTMFFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pipecat_private, pushed_frames
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services import end_of_answer
from agentrun.records import CutBy
from agentrun.session.speech import goodbyes
from agentrun.session.speech.interruptions import Interruptions
from agentrun.session.speech.while_heard import while_heard
from agentrun.transports.connection import Connection

_INTERRUPTION_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
_WORDS_SECONDS = 15.0
"""How long requested words may stay silent before their end is no longer awaited."""
_TAKEN_SECONDS = 1.0
_MOST_TIMES = 3
"""How often such words are repeated on a line whose noises cut them off."""
_ECHO_SECONDS = 3.0
"""How long Twilio may take to play what it has been sent."""
_BEGIN_AND_END = (LLMFullResponseStartFrame, LLMFullResponseEndFrame)


@dataclass
class _Said(DataFrame):
    """A marker that is queued behind what is being said, and passes once that has been played."""


class Announcements:
    """Speaks on one call, bypassing a language model or speech service that no longer answers.

    ``spoke_since`` says whether there is speech in the caller's sound since a time, where somebody listens.
    """

    def __init__(
        self,
        worker: PipelineWorker,
        parts: PipelineParts,
        connection: Connection,
        spoke_since: Callable[[float], bool] | None = None,
    ) -> None:
        self._worker, self._parts = worker, parts
        self._output, self._control = connection.transport.output(), connection.control
        self._silenced: dict[int, asyncio.Event] = {}
        self.sounding, self._asked_at = False, 0.0  # whether the agent is heard
        self._began, self._finished = asyncio.Event(), asyncio.Event()
        self._said: dict[int, asyncio.Event] = {}
        self.cuts = Interruptions(parts.llm, spoke_since, lambda: self.insists and self._began.is_set())
        """Of what was being said, but for noises that words are said again behind."""
        worker.add_reached_downstream_filter((InterruptionFrame, _Said))
        worker.add_event_handler("on_frame_reached_downstream", self._reached)
        self.answer = goodbyes.AnswerWords(parts.llm)
        """What the model says by itself."""
        self.insists = False
        """Whether words are being said that are repeated if they are cut off."""
        self.unheard = False
        """Whether a model has never begun the words that it was asked to say, and was not heard since."""
        self._is_broken, self._taken = False, asyncio.Event()
        if pipecat_private.speaks_like_openai(parts.llm):
            pushed_frames.watch_pushed_frames(parts.llm, _BEGIN_AND_END, self._from_model)

    @property
    def has_own_voice(self) -> bool:
        """Whether announcements are spoken by a speech service rather than the model."""
        return self._parts.tts is not None

    @property
    def about_to_speak(self) -> bool:
        """Whether words are on their way whose audio has not started."""
        return asyncio.get_running_loop().time() - self._asked_at < _ANSWER_SECONDS

    async def say(self, text: str, *, remembered: bool = True) -> None:
        """Say ``text`` word for word, with the speech service or by asking the model.

        The model knows of it afterwards where it is ``remembered``; one that says it itself always does.
        """
        self._asked_at = asyncio.get_running_loop().time()
        if self._parts.tts:
            await self._worker.queue_frame(TTSSpeakFrame(text, append_to_context=remembered))
            return
        await self._ask_model(f'Say exactly these words and nothing else: "{text}"')
        with contextlib.suppress(TimeoutError):
            # whatever else it is asked before it has taken this up goes into the same answer
            await asyncio.wait_for(self._taken.wait(), _TAKEN_SECONDS)

    async def ask(self, instruction: str) -> None:
        """Have the model respond to ``instruction``, which is not spoken."""
        if self._parts.is_realtime:
            await self._ask_model(instruction)
            return
        message: Any = {"role": "developer", "content": instruction}
        await self._worker.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))

    async def _ask_model(self, instruction: str) -> None:
        """Ask a realtime model, which handles one request at a time."""
        if pipecat_private.speaks_like_openai(self._parts.llm):
            await pipecat_private.wait_until_answering(self._parts.llm, False, _TAKEN_SECONDS)
        self._taken.clear()
        await self._parts.llm.queue_frame(pipecat_private.asking(self._parts.llm, instruction))

    async def say_whole(self, text: str, *, remembered: bool = True, insists: bool = True) -> bool:
        """Say ``text``, and wait for what would otherwise not be played before the end of the call.

        Words for the speech service keep their place before the end; a model's answer has to be waited for.
        Its server may take a noise for the caller, and drop the answer, or be lost in it: who ``insists``
        asks for it again. Whether nobody has spoken into it so far, as far as was looked into.
        """
        self.insists = insists and self._parts.tts is None
        try:
            for _ in range(_MOST_TIMES):
                before, sounds = self.cuts.count, self.sounding
                self._began.clear()
                self._finished.clear()
                await self.say(text, remembered=remembered)
                if self._parts.tts:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._began.wait(), _ANSWER_SECONDS)
                    await self._while_sounding(self._finished, _WORDS_SECONDS)
                self.unheard = not (sounds or self._began.is_set())
                if not insists or (self.cuts.count == before and not self._is_broken):
                    break
                if self.cuts.count > before and not await self.cuts.was_noise(before):
                    return False
                self.cuts.forget(before)
        finally:
            self.insists = False
        return True

    def _from_model(self, frame: Frame) -> None:
        """An answer of a realtime model begins, or ends, be it with its connection."""
        self._is_broken = end_of_answer.is_broken_off(frame)
        if isinstance(frame, LLMFullResponseStartFrame):
            self._taken.set()
        elif self._is_broken and not self.sounding:
            self._began.set()
            self._finished.set()

    async def heard(self, seconds: float = _WORDS_SECONDS) -> bool:
        """Wait until the caller has heard everything that is being said, including the line's delay.

        Ends at once when the caller interrupts, for the rest is dropped then; and, with false, once the agent
        has been silent for ``seconds``.
        """
        marker, gone_out = _Said(), asyncio.Event()
        self._said[marker.id] = gone_out
        try:
            await self._worker.queue_frame(marker)
            await self._while_sounding(gone_out, seconds)
        except TimeoutError:
            return False
        finally:
            self._said.pop(marker.id, None)
        await self._echo()
        return True

    async def press(self, digits: str) -> None:
        """Send ``digits`` as DTMF after what is being said; speech of the caller does not cut them off.

        A menu that goes on talking would take a tone away, and wait for a key that the model has pressed.
        """
        caller, why = self._parts.aggregators.user(), object()
        pipecat_private.suspend_interruptions(caller, why, True)
        try:
            await self._worker.queue_frame(OutputDTMFFrame.from_string(digits))
            await self.heard()
        finally:
            pipecat_private.suspend_interruptions(caller, why, False)

    async def _while_sounding(self, done: asyncio.Event, seconds: float) -> None:
        """Wait for ``done``; raises TimeoutError if the agent is silent for ``seconds`` before that."""
        waiting = asyncio.create_task(done.wait())
        try:
            if not await while_heard({waiting}, seconds, lambda: self.sounding):
                raise TimeoutError
        finally:
            waiting.cancel()

    async def _echo(self) -> None:
        if self._control and self._output:
            mark, echoed = self._control.mark()
            await self._output.queue_frame(mark)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(echoed.wait(), _ECHO_SECONDS)

    def note(self, *, speaking: bool) -> None:
        """Note that the agent has started or stopped speaking."""
        self.sounding = speaking
        if speaking:
            self._asked_at, self.unheard = 0.0, False
            self._finished.clear()
        (self._began if speaking else self._finished).set()

    async def silence(self, by: CutBy = "agent") -> bool:
        """Drop what is being generated and spoken; returns whether the whole pipeline has done so.

        What is said next comes behind the interruption. A processor that is busy for long may hold it back.
        """
        interruption, gone_through = InterruptionFrame(), asyncio.Event()
        if self._parts.playout:
            self._parts.playout.cut_by(by, interruption)
        self._silenced[interruption.id] = gone_through
        try:
            await self._worker.queue_frame(interruption)
            await asyncio.wait_for(gone_through.wait(), _INTERRUPTION_SECONDS)
        except TimeoutError:
            return False
        finally:
            self._silenced.pop(interruption.id, None)
        return True

    async def begin(self, text: str, within: float) -> bool:
        """Say ``text``; returns whether its audio starts ``within`` seconds."""
        self._began.clear()
        await self.say(text)
        try:
            await asyncio.wait_for(self._began.wait(), within)
        except TimeoutError:
            return False
        return True

    async def _reached(self, _worker: PipelineWorker, frame: object) -> None:
        if isinstance(frame, InterruptionFrame):
            self.cuts.note()
            if frame.id in self._silenced:
                self._silenced[frame.id].set()
            for gone_out in self._said.values():
                gone_out.set()
        elif isinstance(frame, _Said) and frame.id in self._said:
            self._said[frame.id].set()
