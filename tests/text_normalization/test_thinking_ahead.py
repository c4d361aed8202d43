"""Thinking that nothing begins is held back, however it comes in pieces, and nothing else is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    FunctionCallsStartedFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.text.speech_text import HiddenTextFilter, SpeechText
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from agentrun.text_normalization import Normalizer
from agentrun.text_normalization.unspoken.thinking_ahead import LONGEST, ThinkingAhead
from tests.calls.quick import quick_call

TEXTS = {
    "They ask for hours.\n</think>\n\nAt six.": "\n\nAt six.",
    "Hm.</reasoning>At six. </b>": "At six. </b>",
    "At six.": "At six.",
    "": "",
}


@given(text=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_it_does_not_matter_how_the_text_comes(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    answer = ThinkingAhead()
    assert "".join([*map(answer.visible, pieces), answer.rest()]) == TEXTS[text]
    assert answer.found == (TEXTS[text] != text)


def test_what_never_ends_is_words_after_a_while() -> None:
    answer = ThinkingAhead()
    assert answer.visible("x" * LONGEST) == ""
    assert answer.visible(" and") == "x" * LONGEST + " and"
    assert answer.visible(" more") == " more"


@pytest.mark.parametrize("third", ["They ask for more.</think>At ten.", "At ten."])
def test_a_model_that_thinks_first_is_known_from_its_second_answer_on(tmp_path: Path, third: str) -> None:
    async def talk() -> list[str]:
        answers = [Answer("Hm.</think>At six."), Answer("They ask again.</think>At seven."), Answer(third)]
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], answers, resources=resources) as call,
        ):
            for at in ("six", "seven", "ten"):
                await call.say("When?")
                await call.said(f"At {at}.")
            return call.agent_words[1:]

    assert virtual_time.run(talk()) == ["Hm. At six.", "At seven.", "At ten."]


class Answers:
    """What a model's answers are when their words have come, and before their end."""

    def __init__(self) -> None:
        self.filter = HiddenTextFilter(SpeechText(Normalizer("en")), lambda *_: None)
        self.sent = list[str]()
        self.filter.push_frame = self._push  # type: ignore[method-assign, assignment]

    async def _push(self, frame: Any, _direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if isinstance(frame, LLMTextFrame):
            self.sent.append(frame.text)

    async def at_once(self, *words: str, calls: bool = False) -> str:
        """Of an answer of these ``words``, and a tool it ``calls``."""
        self.sent.clear()
        frames: list[Any] = [LLMFullResponseStartFrame(), *map(LLMTextFrame, words)]
        for frame in (*frames, *[FunctionCallsStartedFrame([])] * calls):
            await self.filter.process_frame(frame, FrameDirection.DOWNSTREAM)
        sent = "".join(self.sent)
        await self.filter.process_frame(LLMFullResponseEndFrame(), FrameDirection.DOWNSTREAM)
        return sent


async def test_after_two_answers_without_thinking_nothing_is_held_back() -> None:
    answers = Answers()
    assert await answers.at_once("At six. ", "At seven.") == "At six. At seven."
    await answers.at_once("Hm.</think>", "At six.")
    assert [await answers.at_once("At six. ", "At seven.") for _ in range(4)] == [
        *["", ""],
        *["At six. At seven."] * 2,
    ]


async def test_a_model_that_thinks_every_other_time_stays_known() -> None:
    answers = Answers()
    await answers.at_once("Hm.</think>", "At six.")
    for _ in range(3):
        assert await answers.at_once("At six.") == ""
        assert await answers.at_once("Hm.", "</think>", "At six.") == "At six."


async def test_what_calls_a_tool_says_nothing_of_whether_the_model_thinks() -> None:
    answers = Answers()
    await answers.at_once("Hm.</think>", "At six.")
    for _ in range(3):
        await answers.at_once("I look it up.", calls=True)
        await answers.at_once()
    assert await answers.at_once("Hm.", "</think>", "At six.") == "At six."
