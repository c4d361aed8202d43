"""What becomes of a look for words in speech that goes on, where the service is slow or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame

from agentrun.pipeline.failover.failover import Member
from agentrun.pipeline.failover.unbroken_speech import Ear, UnbrokenSpeech
from agentrun.testing import virtual_time

WORDS = TranscriptionFrame("the blue one", "", "")


class Listener:
    """An ear of which each look takes ``seconds`` and comes to ``written``, or raises it."""

    def __init__(self, seconds: float, written: Any, *, alone: bool = True) -> None:
        self.noises, self.errors, self.looks = list[str](), list[str](), list[float]()
        self.noted = list[str]()
        self._seconds, self._written = seconds, written
        service: Any = object()
        member = Member(service, "first/ear", 8.0)
        ear = Ear(
            lambda: member,
            lambda _frame: "",
            self.noises.append,
            lambda frame: self.errors.append(frame.error),
            start=asyncio.create_task,
            alone=alone,
            noted=self.noted.append,
        )
        self.speech = UnbrokenSpeech(ear, {service: self._look}, 8.0)

    async def _look(self, seconds: float) -> Sequence[Frame | None]:
        self.looks.append(seconds)
        await asyncio.sleep(self._seconds)
        if isinstance(self._written, Exception):
            raise self._written
        return [self._written]

    def hear(self, seconds: float) -> None:
        """Speech of so many seconds, and a pause behind it."""

        async def speak() -> None:
            self.speech.begins()
            await asyncio.sleep(seconds)
            self.speech.ends()
            await asyncio.sleep(20)

        virtual_time.run(speak())


def test_words_that_come_late_are_words() -> None:
    slow = Listener(4.0, WORDS)
    slow.hear(60)
    assert len(slow.noises) == 1, "once, while nobody knows"
    assert slow.errors == []
    assert set(slow.looks) == {8.0}, "no more than what was said since the look before"


@pytest.mark.parametrize("wrong", [ErrorFrame("429"), OSError("429")], ids=["told", "raised"])
def test_a_service_that_fails_is_not_one_that_finds_nothing(wrong: Any) -> None:
    failing = Listener(0.1, wrong)
    failing.hear(60)
    assert len(failing.noises) == 1
    assert "429" in failing.noises[0]
    assert "429" in failing.errors[0]


@pytest.mark.parametrize(("seconds", "times"), [(55, 0), (65, 1), (140, 1)])
def test_speech_that_goes_on_and_on_is_told_of_once(seconds: float, times: int) -> None:
    speaks = Listener(0.1, WORDS)
    speaks.hear(seconds)
    assert speaks.noted == ["first/ear: 60 s of speech without a pause, and no answer"] * times
    assert speaks.noises == []


def test_the_next_service_is_asked_at_once() -> None:
    failing = Listener(0.1, ErrorFrame("429"), alone=False)
    failing.hear(10)
    assert failing.errors == ["429"] * 2
    assert failing.noises == []


def test_nobody_asks_twice_at_a_time() -> None:
    deaf = Listener(60, WORDS)
    deaf.hear(23)
    assert len(deaf.looks) == 2
    assert deaf.errors == ["no transcript within 8 s"]


def test_what_a_look_would_find_behind_a_pause_is_of_no_interest() -> None:
    late = Listener(2.5, None)
    late.hear(9)
    assert late.noises == []
