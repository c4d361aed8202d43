"""Failover between language models: the next one answers the same conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

from agentrun.pipeline.failover.failover import Directed, Failover, Member
from agentrun.pipeline.failover.repeated_text import RepeatedText
from agentrun.pipeline.services import end_of_answer
from agentrun.pipeline.session_listener import SessionListener

_TOOLS = (
    FunctionCallsStartedFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallCancelFrame,
)
_GO_ON = (
    "Your answer broke off there, and the caller has heard it so far. Go on with the next word, "
    "as if nothing had happened. Repeat nothing and do not mention it."
)


class LanguageModelFailover(Failover):
    """Runs the model with the same context where no word was said yet.

    An empty answer is none. One that broke off is gone on with, and the words already said are not said
    again. Tools that were called are not called again: their results come back to the model that then serves.
    """

    part = "llm"

    def __init__(self, members: Sequence[Member], listener: SessionListener) -> None:
        super().__init__(members, listener)
        self._owed: list[LLMContextFrame] = []
        self._begun: Frame | None = None
        self._said = ""
        self._called = False
        self._open = False
        self._repetition: RepeatedText | None = None

    @property
    def busy(self) -> bool:
        return bool(self._owed)

    def is_work(self, frame: Frame, direction: FrameDirection) -> bool:
        return isinstance(frame, LLMContextFrame) and direction is FrameDirection.DOWNSTREAM

    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        assert isinstance(frame, LLMContextFrame)  # noqa: S101
        await self.prefer()
        self._recovery.asked_anew()
        self._owed.append(frame)
        await self.give(frame, direction)
        if not self.deadline:
            self.wait()

    def passes(self, frame: Frame) -> Sequence[Frame]:
        if isinstance(frame, LLMFullResponseStartFrame):
            self._begun = None if self._open else frame
            return ()
        if isinstance(frame, LLMFullResponseEndFrame):
            return self._end(frame)
        if isinstance(frame, LLMTextFrame) and frame.text:
            return self._words(frame)
        if isinstance(frame, FunctionCallsStartedFrame):
            self._called = True
            self.deadline.lift()
            return (*self._begin(), frame)
        return (frame,)

    def left(self) -> Sequence[Directed]:
        if self._called:
            self._answered()
            del self._owed[:1]
        frames = list(self._owed)
        if frames and self._said:
            self._repetition = RepeatedText(self._said)
            frames[0] = LLMContextFrame(_broken_off(frames[0].context, self._said))
        return [(frame, FrameDirection.DOWNSTREAM) for frame in frames]

    def forget(self) -> None:
        self._owed.clear()
        self._answered()

    def interrupted(self) -> None:
        super().interrupted()
        self._open = False

    def outlives(self, frame: Frame) -> bool:
        return super().outlives(frame) or isinstance(frame, _TOOLS)

    async def close(self) -> None:
        if self._open:
            self._open = False
            await self.push_frame(LLMFullResponseEndFrame())

    def _begin(self) -> Sequence[Frame]:
        """The start frame of the answer, held back until the answer begins."""
        start, self._begun = self._begun, None
        self._open = True
        return (start,) if start else ()

    def _words(self, frame: LLMTextFrame) -> Sequence[Frame]:
        self.wait()
        if self._repetition:
            frame.text = self._repetition.new(frame.text)
            if not frame.text:
                return ()
        self._said += frame.text
        return (*self._begin(), frame)

    def _end(self, frame: Frame) -> Sequence[Frame]:
        if not self._owed and not self._open:
            return ()
        serving = self._serving
        if not self._open and serving and self._following():
            reason = end_of_answer.reason_of(frame, serving.service)
            why = f"the answer was empty{f': {reason}' if reason else ''}"
            self.fail(ErrorFrame(f"{serving.name}: {why}"))
            return ()
        opening = self._begin()
        self._open = False
        del self._owed[:1]
        self._answered()
        self.succeeded()
        if self._owed:
            self.wait()
        return (*opening, frame)

    def _answered(self) -> None:
        self.deadline.lift()
        self._begun, self._repetition = None, None
        self._said, self._called = "", False


def _broken_off(context: LLMContext, said: str) -> LLMContext:
    """``context`` with the words already ``said``, and the request to continue."""
    more: list[Any] = [{"role": "assistant", "content": said}, {"role": "developer", "content": _GO_ON}]
    return LLMContext([*context.get_messages(), *more], context.tools, context.tool_choice)
