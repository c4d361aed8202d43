"""A sentence whose sound broke off goes on at the beginning of a word, and loses none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.services.speech.resumption import SpeakingRate
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.quick import quick_call

SENTENCE = "We are open from six to eleven, and on Sundays from eight to ten."
OTHERS = "Dogs are welcome on the terrace, and there is a place to park behind the house."


@pytest.mark.parametrize("pace", [0.04, 0.07, 0.12])
@pytest.mark.parametrize("slower", [0.85, 1.0, 1.2])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_a_voice_that_is_up_to_a_fifth_slower_than_before_loses_no_word(
    pace: float, slower: float, share: float
) -> None:
    rate = SpeakingRate()
    rate.learn(OTHERS, len(OTHERS) * pace)
    heard = SENTENCE[: int(len(SENTENCE) * share)]
    rest = rate.unheard(SENTENCE, len(heard) * pace * slower)
    assert rest
    assert SENTENCE.endswith(rest)
    assert len(SENTENCE) - len(rest) <= len(heard), "a word that was not heard is left out"
    assert rest == SENTENCE or SENTENCE[-len(rest) - 1] == " ", "it begins within a word"


def test_of_a_voice_that_is_not_known_yet_less_is_taken_for_heard() -> None:
    known = SpeakingRate()
    known.learn(OTHERS, len(OTHERS) / 14)
    assert len(SpeakingRate().unheard(SENTENCE, 3.0)) > len(known.unheard(SENTENCE, 3.0))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("店は月曜日に休みます。", "店は月曜日に休みます。"),
        ("1,299.99 dollars in all", "1,299.99 dollars in all"),
        ("", ""),
    ],
)
def test_what_is_read_out_longer_than_it_is_written_is_said_again(text: str, rest: str) -> None:
    assert SpeakingRate().unheard(text, 3.0) == rest


def test_a_sentence_is_whole_at_the_voice_s_pace_and_of_an_unknown_one_at_the_usual() -> None:
    known = SpeakingRate()
    known.learn(OTHERS, len(OTHERS) * 0.1)
    assert known.is_whole(SENTENCE, len(SENTENCE) * 0.09)
    assert not known.is_whole(SENTENCE, len(SENTENCE) * 0.07)
    assert SpeakingRate().is_whole(SENTENCE, len(SENTENCE) / 14 + 0.1)
    assert not SpeakingRate().is_whole(SENTENCE, len(SENTENCE) / 14 * 0.9)


@pytest.mark.parametrize("kind", ["cut", "stall"])
def test_the_voice_is_asked_for_the_rest_from_a_word_on(tmp_path: Path, kind: str) -> None:
    async def talk() -> list[str]:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], [Answer(SENTENCE)], resources=resources) as call,
        ):
            call.openai.conditions.faults["speech"] = Fault(kind, times=1, after=60_000)  # type: ignore[arg-type]
            await call.say("When are you open?")
            await call.said("ten.")
            assert call.record.errors == []
            return call.voice.spoken[1:]

    first, rest = virtual_time.run(talk())
    assert first == SENTENCE
    assert rest != first
    assert first.endswith(f" {rest}")


def test_a_sentence_whose_sound_does_not_end_is_broken_off_and_the_next_one_heard(tmp_path: Path) -> None:
    async def talk() -> tuple[list[str], float]:
        async with (
            Resources() as resources,
            quick_call(
                tmp_path, "cascaded", [], [Answer("We are open. Come by.")], resources=resources
            ) as call,
        ):
            speak = call.voice.speak

            async def endless(text: str, voice: str, speed: float) -> AsyncIterator[bytes]:
                while True:
                    async for piece in speak(text, voice, speed):
                        yield piece
                    if "open" not in text:
                        return

            call.voice.speak = endless  # type: ignore[method-assign]
            await call.say("When are you open?")
            await call.said("Come by.")
            return call.record.errors, call.transport.output().played  # type: ignore[attr-defined]

    errors, played = virtual_time.run(talk())
    assert len(errors) == 1
    assert "s of sound for 12 characters, and no end" in errors[0]
    assert played < 20
