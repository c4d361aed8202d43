"""Whatever a service that streams does, the caller hears an answer, a question or the apology."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pipecat.services.websocket_service import WebsocketService

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, QUESTION, SOUND
from tests.calls.fault_rows.row import APOLOGY, REPEAT
from tests.calls.quick import QuickCall, quick_call
from tests.calls.streaming_ears import (
    AssemblyEar,
    CartesiaEar,
    DeepgramEar,
    ElevenLabsEar,
    GladiaEar,
    SonioxEar,
)
from tests.calls.streaming_peers import Peer
from tests.calls.streaming_voices import WORD_SECONDS, CartesiaVoice, ElevenLabsVoice

Also = Callable[[QuickCall], Awaitable[None]]
ANSWER = "We are open from six."
STORY = "We are open from six to eleven. We are closed on Mondays and on Tuesdays."
MORE = "And that is all of it."
VOICE_TYPES = (CartesiaVoice, ElevenLabsVoice)
QUIET_SECONDS = 1.95
"""How long ``QUESTION`` is silent at its end."""
MOST_SILENCE = 8 + 4
"""``limits.answer`` of the quick calls, and what all tries and the apology may take beside it."""


@dataclass(frozen=True)
class Heard:
    """What the agent ``said`` behind its greeting, the longest ``silence`` that a caller waited for it."""

    said: list[str]
    silence: float
    record: CallRecord
    greeted: float
    """Seconds until the first sound."""
    closing: float
    """Seconds that it took to end the call."""


async def ask(call: QuickCall, *, with_sound: bool) -> float:
    """The caller asks a question; how many seconds later something is heard."""
    clock, output = asyncio.get_running_loop().time, call.transport.output()
    # words that a voice has timed are said as they begin, or a moment sooner: their sound is no answer
    await asyncio.sleep(0.5)
    await call.until(lambda: not call.speaking)
    asked = clock()
    if with_sound:
        await call.play(QUESTION)
        asked = clock() - QUIET_SECONDS
    else:
        await call.say("When are you open?")
    await call.until(lambda: output.sounds and output.sounds[-1][1] > asked, 30)  # type: ignore[attr-defined]
    began = next(start for start, end in output.sounds if end > asked)  # type: ignore[attr-defined]
    await asyncio.sleep(0.5)
    await call.until(lambda: not call.speaking, 30)
    return float(began - asked)


async def _nothing(_call: QuickCall) -> None:
    """What happens else."""


def play(
    folder: Path,
    peer: Peer,
    questions: int,
    *,
    before: Also = _nothing,
    after: Also = _nothing,
    answers: Sequence[str] = (ANSWER,) * 8,
    waits: bool = True,
) -> Heard:
    """A call with ``peer`` in which the caller asks so often, or until it ends; it ``waits`` for hello."""

    async def talk() -> Heard:
        async with peer, Resources() as resources:
            host = peer.address
            overrides = [(key, value.replace("{address}", host)) for key, value in peer.overrides]
            clock = asyncio.get_running_loop().time
            began = clock()
            async with quick_call(
                *(folder, "cascaded", [], [Answer(words) for words in answers]),
                resources=resources,
                detection="silence",
                overrides=overrides,
                environ={peer.key: "test"},
                prompts=PROMPTS.format("{say: Hello.}"),
                apology=SOUND,
                greeted=waits,
            ) as call:
                await before(call)
                silences = []
                for _ in range(questions):
                    if call.session.is_over():
                        break
                    silences.append(await ask(call, with_sound=not isinstance(peer, VOICE_TYPES)))
                    await asyncio.sleep(0.5)
                await after(call)
                ended, greeted = clock(), call.transport._output.sounds[0][0] - began
            closing = clock() - ended
        return Heard(call.agent_words[1:], max(silences, default=0.0), call.record, greeted, closing)

    return virtual_time.run(talk())


ALL_EARS = (CartesiaEar, DeepgramEar, AssemblyEar, SonioxEar, ElevenLabsEar, GladiaEar)
LOST = [
    *((ear, fault) for ear in ALL_EARS for fault in ("closed", "deaf")),
    *((ear, "malformed") for ear in (AssemblyEar, ElevenLabsEar, GladiaEar)),
    *((ear, fault) for ear in (DeepgramEar, AssemblyEar) for fault in ("dropped", "unread", "late")),
]
LOST_FOR_GOOD = [
    *((ear, fault) for ear in ALL_EARS for fault in ("deaf", "error")),
    *((ear, fault) for ear in (DeepgramEar, AssemblyEar) for fault in ("closed", "unread", "late")),
]
EARS = pytest.mark.parametrize(
    "ear",
    ALL_EARS,
    ids=["cartesia", "deepgram", "assemblyai", "soniox", "elevenlabs", "gladia"],
)
TWO_EARS = pytest.mark.parametrize("ear", [DeepgramEar, AssemblyEar], ids=["deepgram", "assemblyai"])
EARS_AT_FIRST = pytest.mark.parametrize(
    "ear",
    [DeepgramEar, AssemblyEar, ElevenLabsEar, GladiaEar],
    ids=["deepgram", "assemblyai", "elevenlabs", "gladia"],
)
VOICES = pytest.mark.parametrize("voice", VOICE_TYPES, ids=["cartesia", "elevenlabs"])


@pytest.fixture(autouse=True)
def plain_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """ElevenLabs' ear has a scheme that can't be set."""
    connect = WebsocketService._websocket_connect

    async def plainly(service: WebsocketService, uri: str, **kwargs: Any) -> Any:
        return await connect(service, uri.replace("wss://127.0.0.1", "ws://127.0.0.1"), **kwargs)

    monkeypatch.setattr(WebsocketService, "_websocket_connect", plainly)


def named(value: object) -> str:
    """Of a row."""
    return value.__name__ if isinstance(value, type) else str(value)


@EARS
def test_a_noise_before_a_question_is_asked_for_by_nobody(tmp_path: Path, ear: type[Peer]) -> None:
    async def cough(call: QuickCall) -> None:
        await call.play(QUESTION[20_800:44_800] + bytes(64_000))

    async def stay(_call: QuickCall) -> None:
        await asyncio.sleep(12)

    peer = ear(wordless=1)
    heard = play(tmp_path, peer, 1, before=cough, after=stay)
    assert heard.said == [ANSWER]
    assert peer.ended == 2
    assert peer.connections == 1
    assert heard.record.errors == []


@pytest.mark.parametrize("fault", ["well", "twice"])
@EARS
def test_an_ear_that_says_it_twice_is_answered_once(tmp_path: Path, ear: type[Peer], fault: str) -> None:
    heard = play(tmp_path, ear([fault] * 9), 2)
    assert heard.said == [ANSWER, ANSWER]
    assert heard.record.errors == []


@pytest.mark.parametrize(("ear", "fault"), LOST, ids=named)
def test_a_caller_whose_ear_is_lost_once_is_asked_again(tmp_path: Path, ear: type[Peer], fault: str) -> None:
    heard = play(tmp_path, ear([fault]), 2)
    assert heard.said == [REPEAT, ANSWER]
    assert heard.silence < MOST_SILENCE
    assert heard.record.ended_by == "caller"
    assert fault != "closed" or "1011" in " ".join(heard.record.errors)


@pytest.mark.parametrize(("ear", "fault"), LOST_FOR_GOOD, ids=named)
def test_an_ear_that_is_lost_for_good_is_told_of(tmp_path: Path, ear: type[Peer], fault: str) -> None:
    peer = ear([fault] * 50)
    heard = play(tmp_path, peer, 3)
    assert heard.silence < MOST_SILENCE
    assert heard.said == [REPEAT, APOLOGY]
    assert heard.record.ended_by == "error"
    assert fault != "error" or peer.complaint in " ".join(heard.record.errors)


@EARS_AT_FIRST
@pytest.mark.parametrize("fault", ["refused", "hung"])
def test_an_ear_that_is_not_there_at_first_keeps_no_greeting_back(
    tmp_path: Path, ear: type[Peer], fault: str
) -> None:
    async def wait(call: QuickCall) -> None:
        await call.said(REPEAT)
        await asyncio.sleep(5)

    heard = play(tmp_path, ear([fault]), 1, before=wait)
    assert heard.greeted < 4.0
    assert heard.said == [REPEAT, ANSWER]


@TWO_EARS
@pytest.mark.parametrize("fault", ["deaf", "unread"])
def test_a_call_ends_at_once_whatever_its_ear_does(tmp_path: Path, ear: type[Peer], fault: str) -> None:
    async def speak(call: QuickCall) -> None:
        await call.play(QUESTION)

    heard = play(tmp_path, ear([fault]), 0, before=speak)
    assert heard.closing < 2.0


@pytest.mark.parametrize("fault", ["well", "closed", "dropped", "deaf", "unread", "slow"])
@VOICES
def test_a_voice_that_is_lost_once_goes_on(tmp_path: Path, voice: type[Peer], fault: str) -> None:
    peer = voice([fault], well_for=1)
    heard = play(tmp_path, peer, 2)
    assert peer.told[-1] == ANSWER
    assert heard.said == ([ANSWER, ANSWER] if fault in ("well", "slow") else [REPEAT, ANSWER])
    assert heard.silence < MOST_SILENCE
    assert heard.record.ended_by == "caller"


@pytest.mark.parametrize("fault", ["deaf", "closed", "error"])
@VOICES
def test_a_voice_that_is_lost_for_good_is_told_of_by_prepared_words(
    tmp_path: Path, voice: type[Peer], fault: str
) -> None:
    peer = voice([fault] * 50, well_for=1)
    heard = play(tmp_path, peer, 3)
    assert heard.silence < MOST_SILENCE
    assert heard.said[-1:] == [APOLOGY]
    assert heard.record.ended_by == "error"
    assert fault != "error" or peer.complaint in " ".join(heard.record.errors)


async def interrupt(call: QuickCall) -> None:
    """Ask, and cut the answer off after four words and a half."""
    await call.say("When are you open?")
    await call.until(lambda: call.speaking)
    await asyncio.sleep(4.5 * WORD_SECONDS)
    await call.say("Stop.")
    await asyncio.sleep(3)


@pytest.mark.parametrize("fault", ["deaf", "unread", "closed", "dropped", "slow"])
@VOICES
def test_an_answer_that_a_voice_breaks_off_is_gone_on_with(
    tmp_path: Path, voice: type[Peer], fault: str
) -> None:
    async def stay(_call: QuickCall) -> None:
        await asyncio.sleep(MOST_SILENCE)

    heard = play(tmp_path, voice([fault], well_for=2), 1, after=stay, answers=[STORY, MORE])
    first = STORY.partition(". ")[0]
    assert heard.said == ([STORY] if fault == "slow" else [f"{first}.", MORE])
    assert fault == "slow" or "the voice gave no more sound" in " ".join(heard.record.errors)


@VOICES
def test_of_an_answer_that_is_cut_off_the_record_has_the_words_that_were_heard(
    tmp_path: Path, voice: type[Peer]
) -> None:
    heard = play(tmp_path, voice(), 0, before=interrupt, answers=[STORY, MORE])
    cut, after = heard.said
    assert cut in ("We are open from six", "We are open from six to")
    assert after == MORE
    assert [entry.cut_by for entry in heard.record.transcript if entry.who == "agent"][1:] == ["caller", ""]
