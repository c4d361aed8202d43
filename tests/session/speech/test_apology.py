"""The apology: heard in full, alone, and recorded as it was heard, whatever the pipeline is busy with."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputTransportMessageFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.quick import QuickCall, quick_call

APOLOGY = "I am sorry."
SOUND = (np.sin(np.arange(48_000) * 0.1) * 9_000).astype("<i2").tobytes()
"""Two seconds."""
LONG = Answer("We are open from six to eleven, and we are closed on Mondays and on Tuesdays. Come in soon!")
BUSY_SECONDS = 20.0


class Line:
    """A telephone company that says what it was asked, and echoes marks if it ``echoes``."""

    brings_back = False

    def __init__(self, *, echoes: bool = True, speaks: bool = False) -> None:
        self.echoes, self.speaks = echoes, speaks
        self.said: list[tuple[str, str]] = []

    def mark(self) -> tuple[Frame, asyncio.Event]:
        echoed = asyncio.Event()
        if self.echoes:
            echoed.set()
        return OutputTransportMessageFrame({}), echoed

    async def speak(self, words: str, language: str) -> bool:
        self.said.append((words, language))
        return self.speaks

    async def transfer(self, to: str) -> None:
        raise NotImplementedError(to)


@dataclasses.dataclass
class Ended:
    """What was heard after the call was given up: seconds of sound, and the call."""

    heard: float
    call: QuickCall

    @property
    def remembered(self) -> str:
        """All that the model would read."""
        return str(self.call.session.parts.pipeline.context.get_messages())


def given_up(
    folder: Path, before: Callable[[QuickCall], Awaitable[None]], *, style: str = "cascaded", **more: Any
) -> Ended:
    """A call that is given up in the middle of an answer, once ``before`` has made it busy."""

    async def talk() -> Ended:
        options: dict[str, Any] = {"apology": SOUND} | more
        async with (
            Resources() as resources,
            quick_call(*(folder, style, [], [LONG, LONG]), resources=resources, **options) as call,
        ):
            if options.get("greeted", True):
                await call.say("When are you open?")
                await call.until(lambda: call.speaking)
                await asyncio.sleep(0.5)
            await before(call)
            since = asyncio.get_running_loop().time()
            if options.get("greeted", True):
                await call.session.apologise("a test")
            await call.until(lambda: call.record.ended, 60)
        sounds = call.transport._output.sounds
        return Ended(sum(end - began for began, end in sounds if began >= since), call)

    return virtual_time.run(talk())


async def nothing(_call: QuickCall) -> None:
    """Nobody is busy."""


def busy(part: str) -> Callable[[QuickCall], Awaitable[None]]:
    """A processor that holds each interruption back for a long time."""

    async def make(call: QuickCall) -> None:
        parts = call.session.parts.pipeline
        processor: FrameProcessor = (
            parts.aggregators.user() if part == "caller" else getattr(parts, part)  # llm, tts, playout
        )
        process = processor.process_frame

        async def process_frame(frame: Frame, direction: FrameDirection) -> None:
            if isinstance(frame, InterruptionFrame):
                await asyncio.sleep(BUSY_SECONDS)
            await process(frame, direction)

        processor.process_frame = process_frame  # type: ignore[method-assign]

    return make


def assert_heard_alone(ended: Ended) -> None:
    entries = [entry for entry in ended.call.record.transcript if entry.who == "agent"]
    assert entries[-1].text == APOLOGY
    assert 1.9 <= ended.heard <= 2.3
    assert "the apology was not heard" not in ended.call.record.errors
    for entry in entries[1:-1]:
        assert LONG.text.startswith(entry.text)
        assert len(entry.text) < len(LONG.text) / 2


@pytest.mark.parametrize("part", ["caller", "llm", "tts", "playout"])
def test_a_processor_that_is_busy_does_not_cut_the_apology(tmp_path: Path, part: str) -> None:
    assert_heard_alone(given_up(tmp_path, busy(part)))


def test_an_apology_in_the_middle_of_an_answer_is_heard_alone(tmp_path: Path) -> None:
    ended = given_up(tmp_path, nothing)
    assert_heard_alone(ended)
    assert [e.cut_by for e in ended.call.record.transcript if e.who == "agent"] == ["", "agent", ""]


async def late_words(call: QuickCall) -> None:
    """An answer's sentence is in the output's queue, where nobody has looked at it yet."""
    output = call.transport.output()
    late = TTSTextFrame("Nobody hears this.", text_type="sentence")
    sound = TTSAudioRawFrame(SOUND, 24_000, 1)
    for frame in (LLMFullResponseStartFrame(), TTSStartedFrame(), sound, late, LLMFullResponseEndFrame()):
        await output.queue_frame(frame)


def test_what_waits_at_the_line_is_not_played_recorded_or_remembered(tmp_path: Path) -> None:
    ended = given_up(tmp_path, late_words)
    assert_heard_alone(ended)
    assert "Nobody hears this" not in ended.remembered
    assert "Nobody hears this" not in str(ended.call.record.transcript)


async def later_words(call: QuickCall) -> None:
    """The pipeline goes on with an answer, and the caller interrupts, while the apology is played."""

    async def go_on() -> None:
        await asyncio.sleep(0.7)
        await late_words(call)
        await call.session.parts.worker.queue_frame(InterruptionFrame())
        await call.transport.output().queue_frame(InterruptionFrame())

    call.session._tasks.begin("this test", go_on())


def test_what_comes_after_it_does_not_disturb_it(tmp_path: Path) -> None:
    ended = given_up(tmp_path, later_words)
    assert_heard_alone(ended)
    assert "Nobody hears this" not in ended.remembered


def test_a_handshake_that_hangs_ends_with_the_whole_apology(tmp_path: Path) -> None:
    faults = {"realtime": Fault("handshake")}
    ended = given_up(tmp_path, nothing, style="realtime", faults=faults, greeted=False)
    assert ended.call.agent_words == [APOLOGY]
    assert 1.9 <= ended.heard <= 2.3
    assert ended.call.record.ended_by == "error"


def test_an_apology_that_nobody_confirms_is_not_recorded_as_said(tmp_path: Path) -> None:
    ended = given_up(tmp_path, nothing, control=Line(echoes=False))
    assert APOLOGY not in ended.call.agent_words
    assert "the apology was not heard" in ended.call.record.errors


def test_an_apology_that_is_echoed_is(tmp_path: Path) -> None:
    assert_heard_alone(given_up(tmp_path, nothing, control=Line()))


async def broken_voice(call: QuickCall) -> None:
    """The voice's last word was an error."""
    call.session.parts.faults._voice_erred = True


@pytest.mark.parametrize("language", ["en", "de"])
def test_without_a_voice_twilio_says_it_in_the_agent_s_language(tmp_path: Path, language: str) -> None:
    line = Line(speaks=True)
    overrides = [("pipeline.stt.language", language)]
    ended = given_up(tmp_path, broken_voice, apology=None, control=line, overrides=overrides)
    assert line.said == [(APOLOGY, language)]
    assert ended.call.agent_words[-1] == APOLOGY


def test_a_voice_has_no_more_time_for_the_apology_than_the_caller_has(tmp_path: Path) -> None:
    line = Line(speaks=True)

    async def talk() -> float:
        options: dict[str, Any] = {"apology": None, "control": line}
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], [LONG, LONG], resources=resources, **options) as call,
        ):
            await call.say("When are you open?")
            await call.until(lambda: call.speaking)
            await busy("tts")(call)
            since = asyncio.get_running_loop().time()
            speaking = asyncio.create_task(call.session.parts.apology.say(0.0))
            await call.until(lambda: line.said, 60)
            waited = asyncio.get_running_loop().time() - since
            await speaking
            return waited

    assert virtual_time.run(talk()) < 1.5


def test_an_apology_in_the_agent_s_own_voice_is_recorded_once(tmp_path: Path) -> None:
    async def run() -> tuple[list[str], list[str]]:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], [Answer("At six.")], resources=resources) as call,
        ):
            call.openai.conditions.faults["chat"] = Fault("hang", times=1)
            await call.say("When are you open?")
            await call.until(lambda: call.record.ended_by == "error" and call.session.caller_gone.is_set())
            return call.agent_words, list(call.voice.spoken)

    said, spoken = virtual_time.run(run())
    assert spoken == ["Hello.", APOLOGY]
    assert said == ["Hello.", APOLOGY]
