"""Which words of an answer were heard: in every script, and apart from those the model is not to know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.base_text_aggregator import TextType

from agentrun.pipeline.audio.cut_answer import CutAnswer
from agentrun.pipeline.audio.playout_tracking import PlayoutTracker
from agentrun.pipeline.services import end_of_answer
from agentrun.testing import virtual_time

RATE = 24_000
CHINESE = "我们的营业时间是每天上午九点到下午六点，周末休息。"


def sound(seconds: float) -> TTSAudioRawFrame:
    return TTSAudioRawFrame(b"\x00\x10\x00\xf0" * (int(RATE * seconds) // 2), RATE, 1)


def sentence(text: str, context: str, *, remembered: bool = True) -> list[Frame]:
    """What a speech service sends of a sentence before its sound."""
    announced = AggregatedTextFrame(text, TextType.SENTENCE)
    announced.append_to_context, announced.will_be_spoken, announced.context_id = False, True, context
    return [announced, TTSStartedFrame(context_id=context, append_to_context=remembered)]


class Line(PlayoutTracker):
    """Sends on to nobody."""

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        del frame, direction


def cut_after(seconds: float, frames: Sequence[Frame], *, announced: bool = True) -> CutAnswer:
    """What was heard of ``frames`` when the caller interrupts so long after the first sound."""

    async def run() -> CutAnswer | None:
        line = Line(announced=announced)
        for frame in (*frames, BotStartedSpeakingFrame()):
            await line.process_frame(frame, FrameDirection.DOWNSTREAM)
        await asyncio.sleep(seconds)
        await line.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
        return line.take_cut()

    cut = virtual_time.run(run())
    assert cut is not None
    return cut


@pytest.mark.parametrize("seconds", [1.0, 2.4, 2.6, 4.0])
def test_of_a_sentence_without_spaces_as_much_was_heard_as_was_played(seconds: float) -> None:
    cut = cut_after(seconds, [*sentence(CHINESE, "one"), sound(5.0)])
    assert CHINESE.startswith(cut.words)
    assert abs(len(cut.words) / len(CHINESE) - seconds / 5.0) < 0.1
    assert cut.by == "caller"


def test_sound_that_has_not_come_yet_is_as_long_as_its_script_takes() -> None:
    cut = cut_after(1.0, [*sentence(CHINESE, "one"), sound(1.2)])
    assert 3 <= len(cut.words) <= 7, "of 25 characters, which take five seconds"


def test_a_realtime_models_sentence_without_spaces_is_heard_in_part() -> None:
    words = TTSTextFrame(CHINESE, TextType.SENTENCE)
    frames = [LLMFullResponseStartFrame(), words, sound(5.0), LLMFullResponseEndFrame()]
    cut = cut_after(2.0, frames, announced=False)
    assert CHINESE.startswith(cut.words)
    assert 8 <= len(cut.words) <= 12


async def test_a_broken_answer_without_words_takes_no_time() -> None:
    line, end = Line(announced=False), end_of_answer.broken_off()
    for frame in (LLMFullResponseStartFrame(), TTSTextFrame("", TextType.SENTENCE), end):
        await line.process_frame(frame, FrameDirection.DOWNSTREAM)
    assert line.heard_of("") == ""
    assert line.heard_of("One two.") == "One two."


NOTICE = "This call is recorded for quality."


def test_words_that_the_model_is_not_to_know_are_none_of_what_it_remembers() -> None:
    cut = cut_after(1.2, [*sentence(NOTICE, "notice", remembered=False), sound(2.4)])
    assert (cut.words, cut.remembered) == ("This call is", "")


@pytest.mark.parametrize("announced", ["before", "after"])
def test_both_sentences_of_what_the_model_is_not_to_know_are_left_out(announced: str) -> None:
    first, second = (sentence(text, "notice", remembered=False) for text in (NOTICE, "Press one to object."))
    early = [*first[:1], *second[:1], first[1], sound(2.0), sound(2.0)]
    late = [*first, sound(2.0), second[0], sound(2.0)]
    cut = cut_after(3.0, early if announced == "before" else late)
    assert NOTICE[:10] in cut.words
    assert cut.remembered == ""


def test_words_of_the_answer_behind_them_are_remembered() -> None:
    frames = [
        *(*sentence(NOTICE, "notice", remembered=False), sound(2.0)),
        *(*sentence("We are open until six.", "answer"), sound(2.5)),
    ]
    cut = cut_after(3.5, frames)
    assert cut.remembered
    assert "We are open until six.".startswith(cut.remembered)
    assert cut.words.endswith(cut.remembered)


def test_an_interruption_is_theirs_who_sent_it_whichever_comes_first() -> None:
    async def run() -> list[str]:
        line, causes = Line(announced=True), list[str]()
        late = InterruptionFrame()
        line.cut_by("agent", late)
        for interruption in (InterruptionFrame(), late):
            for frame in (*sentence("One two three.", "1"), sound(2.0), BotStartedSpeakingFrame()):
                await line.process_frame(frame, FrameDirection.DOWNSTREAM)
            await asyncio.sleep(0.5)
            await line.process_frame(interruption, FrameDirection.DOWNSTREAM)
            cut = line.take_cut()
            assert cut
            causes.append(cut.by)
        return causes

    assert virtual_time.run(run()) == ["caller", "agent"]


@pytest.mark.parametrize("is_told_first", [True, False])
def test_a_last_piece_of_an_answer_that_was_cut_begins_no_other_one(is_told_first: bool) -> None:
    """Pipecat's line tells of its beginning, and of none for the sound that follows."""

    async def run() -> tuple[CutAnswer | None, list[float]]:
        line, clock, began = Line(announced=False), asyncio.get_running_loop().time, list[float]()
        start, cut = clock(), None
        line.on_begin(lambda at: began.append(round(at - start, 1)))
        answer = [LLMFullResponseStartFrame(), TTSTextFrame("One two three four.", TextType.SENTENCE)]
        for frame in (*answer, sound(2.0), LLMFullResponseEndFrame(), BotStartedSpeakingFrame()):
            await line.process_frame(frame, FrameDirection.DOWNSTREAM)
        await asyncio.sleep(1.0)
        await line.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
        if is_told_first:
            cut = line.take_cut()
        for frame in (BotStoppedSpeakingFrame(), BotStartedSpeakingFrame()):
            await line.process_frame(frame, FrameDirection.UPSTREAM)
        await asyncio.sleep(0.5)
        cut = cut or line.take_cut()
        for frame in (*answer, sound(2.0), LLMFullResponseEndFrame()):
            await line.process_frame(frame, FrameDirection.DOWNSTREAM)
        return cut, began

    cut, began = virtual_time.run(run())
    assert cut
    assert cut.words == "One two"
    assert began == [0.0, 1.5]
