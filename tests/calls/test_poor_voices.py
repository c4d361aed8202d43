"""A voice that answers, and does not say the words: late, silent, too short, or broken off."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, SOUND
from tests.calls.fault_rows.row import APOLOGY
from tests.calls.quick import QuickCall, quick_call

SENTENCES = ["We are open from six.", "We are closed on Mondays.", "Come and see us."]
Speak = Callable[[str, AsyncIterator[bytes]], AsyncIterator[bytes]]


def talk(
    folder: Path, speak: Speak, *, answer: str = " ".join(SENTENCES)
) -> tuple[list[str], CallRecord, QuickCall]:
    """What the agent said after its greeting; ``speak`` makes of a sentence's sound what is sent."""

    async def run() -> tuple[list[str], CallRecord, QuickCall]:
        async with (
            Resources() as resources,
            quick_call(
                *(folder, "cascaded", [], [Answer(answer)] * 3),
                resources=resources,
                prompts=PROMPTS.format("{say: Hello.}"),
                apology=SOUND,
            ) as call,
        ):
            spoken = call.voice.speak
            call.voice.speak = lambda text, voice, speed: speak(text, spoken(text, voice, speed))  # type: ignore[method-assign]
            await call.say("When are you open?")
            clock = asyncio.get_running_loop().time
            sounds, since = call.transport._output.sounds, clock()
            await call.until(lambda: clock() - max(since, sounds[-1][1]) > 13, 60)
            return call.agent_words[1:], call.record, call

    return virtual_time.run(run())


@pytest.mark.parametrize("late", SENTENCES)
@pytest.mark.parametrize("seconds", [3.0, 5.0])
def test_a_voice_that_is_late_is_waited_for(tmp_path: Path, late: str, seconds: float) -> None:
    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        await asyncio.sleep(seconds if text == late else 0)
        async for piece in sound:
            yield piece

    said, record, _ = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES)]
    assert record.errors == []


def silent(sound: bytes) -> bytes:
    return bytes(len(sound))


def hissing(sound: bytes) -> bytes:
    return b"\x02\x00\xfe\xff" * (len(sound) // 4)


def far_too_short(sound: bytes) -> bytes:
    return sound[:2400]


@pytest.mark.parametrize("change", [silent, hissing, far_too_short])
def test_a_voice_that_says_nothing_is_asked_again_and_given_up(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([piece async for piece in sound])
        yield whole if text == "Hello." else change(whole)

    said, record, call = talk(tmp_path, speak)
    assert said[-1] == APOLOGY
    assert "".join(said[:-1]) in ("", "We")
    assert "s of sound" in record.errors[0]
    assert call.voice.spoken.count(SENTENCES[0]) == 2


@pytest.mark.parametrize("change", [silent, hissing, far_too_short])
def test_a_sentence_that_made_no_sound_once_is_heard(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    failed: list[str] = []

    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([piece async for piece in sound])
        spoilt = text == SENTENCES[1] and not failed
        failed.extend([text] * spoilt)
        yield change(whole) if spoilt else whole

    said, record, call = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES)]
    assert record.errors == []
    assert call.voice.spoken.count(SENTENCES[1]) == 2


def test_a_voice_that_falls_silent_in_a_sentence_is_asked_for_the_rest(tmp_path: Path) -> None:
    failed: list[str] = []

    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([piece async for piece in sound])
        spoilt = text == SENTENCES[1] and not failed
        failed.extend([text] * spoilt)
        yield whole[:24_000] + bytes(24_000 * 60) if spoilt else whole

    said, record, call = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES)]
    assert record.errors == []
    assert len(call.transport._output.sounds) * 0.04 < 10


def test_silence_before_and_behind_a_sentence_is_hardly_waited_for(tmp_path: Path) -> None:
    async def speak(_text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield bytes(48_000 * 3)
        async for piece in sound:
            yield piece
        yield bytes(48_000 * 3)

    said, record, call = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES)]
    assert record.errors == []
    sounds = call.transport._output.sounds[-40:]
    assert max(later[0] - earlier[1] for earlier, later in itertools.pairwise(sounds)) < 2


def test_a_long_silence_behind_a_whole_sentence_is_its_end(tmp_path: Path) -> None:
    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        piece = await anext(sound)
        for _ in range(len(text) * 7 // 10):
            yield piece
        yield bytes(48_000 * 20)

    said, record, call = talk(tmp_path, speak)
    assert said == [" ".join(SENTENCES)]
    assert record.errors == []
    assert call.voice.spoken[1:] == SENTENCES


LONG = "We are closed on Mondays and on every other holiday that there is in this part of the world."


@pytest.mark.parametrize("seconds", [0.2, 0.5, 1.0])
def test_of_a_sentence_that_broke_off_for_good_the_record_has_what_was_heard(
    tmp_path: Path, seconds: float
) -> None:
    async def speak(text: str, sound: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        whole = b"".join([piece async for piece in sound])
        broken = LONG.endswith(text)
        yield whole[: int(seconds * 24_000) * 2] + bytes(48_000 * 20) if broken else whole

    said, record, call = talk(tmp_path, speak, answer=f"We are open from six. {LONG} Come and see us.")
    (words,) = said
    assert words.startswith("We are open from six. We are")
    assert words.endswith(" Come and see us.")
    heard = words.removeprefix("We are open from six. ").removesuffix(" Come and see us.")
    assert LONG.startswith(heard)
    assert len(heard.split()) <= 2 * (seconds + 0.3) / 0.15 + 1
    assert "of silence" in " ".join(record.errors)
    assert call.session.parts.pipeline.context.get_messages()[-1] == {"role": "assistant", "content": words}
