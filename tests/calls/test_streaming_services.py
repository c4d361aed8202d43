"""Whatever a service that streams does, the caller hears an answer, a question or the apology."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, QUESTION, SOUND
from tests.calls.fault_rows.row import APOLOGY, REPEAT
from tests.calls.quick import QuickCall, quick_call
from tests.calls.streaming_peers import CartesiaEar, CartesiaVoice, DeepgramEar, Peer

Also = Callable[[QuickCall], Awaitable[None]]
ANSWER = "We are open from six."
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


async def ask(call: QuickCall, *, with_sound: bool) -> float:
    """The caller asks a question; how many seconds later something is heard."""
    clock, output = asyncio.get_running_loop().time, call.transport.output()
    asked = clock()
    if with_sound:
        for start in range(0, len(QUESTION), 640):
            await call.transport.hear(QUESTION[start : start + 640])
            await asyncio.sleep(0.02)
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
    folder: Path, peer: Peer, questions: int, *, before: Also = _nothing, after: Also = _nothing
) -> Heard:
    """A call with ``peer`` in which the caller asks so often, or until it ends."""

    async def talk() -> Heard:
        async with peer, Resources() as resources:
            host = peer.address
            overrides = [(key, value.replace("{address}", host)) for key, value in peer.overrides]
            async with quick_call(
                *(folder, "cascaded", [], [Answer(ANSWER)] * 8),
                resources=resources,
                detection="silence",
                overrides=overrides,
                environ={peer.key: "test"},
                prompts=PROMPTS.format("{say: Hello.}"),
                apology=SOUND,
            ) as call:
                await before(call)
                silences = []
                for _ in range(questions):
                    if call.session.is_over():
                        break
                    silences.append(await ask(call, with_sound=not isinstance(peer, CartesiaVoice)))
                    await asyncio.sleep(0.5)
                await after(call)
            return Heard(call.agent_words[1:], max(silences, default=0.0), call.record)

    return virtual_time.run(talk())


EARS = pytest.mark.parametrize("ear", [CartesiaEar, DeepgramEar], ids=["cartesia", "deepgram"])


@EARS
def test_a_noise_before_a_question_is_asked_for_by_nobody(tmp_path: Path, ear: type[Peer]) -> None:
    async def cough(call: QuickCall) -> None:
        sound = QUESTION[20_800:44_800] + bytes(64_000)
        for start in range(0, len(sound), 640):
            await call.transport.hear(sound[start : start + 640])
            await asyncio.sleep(0.02)

    async def stay(call: QuickCall) -> None:
        await asyncio.sleep(12)

    peer = ear(wordless=1)
    heard = play(tmp_path, peer, 1, before=cough, after=stay)
    assert heard.said == [ANSWER]
    assert peer.ended == 2
    assert peer.connections == 1
    assert heard.record.errors == []


@pytest.mark.parametrize("faults", [[], ["closed"], ["dropped"], ["deaf"]], ids=str)
@EARS
def test_a_caller_whose_ear_is_lost_once_is_asked_again(
    tmp_path: Path, ear: type[Peer], faults: list[str]
) -> None:
    heard = play(tmp_path, ear(faults), 2)
    assert heard.said == [REPEAT if faults else ANSWER, ANSWER]
    assert heard.silence < MOST_SILENCE
    assert heard.record.ended_by == "caller"


@EARS
@pytest.mark.parametrize("fault", ["deaf", "closed"])
def test_an_ear_that_is_lost_for_good_is_told_of(tmp_path: Path, ear: type[Peer], fault: str) -> None:
    heard = play(tmp_path, ear([fault] * 50), 3)
    assert heard.silence < MOST_SILENCE
    assert heard.said[-1] in (REPEAT, APOLOGY)
    assert heard.record.ended_by == "error"
    assert heard.record.errors


@pytest.mark.parametrize("faults", [[], ["closed"], ["dropped"], ["deaf"]], ids=str)
def test_a_voice_that_is_lost_once_goes_on(tmp_path: Path, faults: list[str]) -> None:
    peer = CartesiaVoice(faults, well_for=1)
    heard = play(tmp_path, peer, 2)
    assert peer.told[-1] == ANSWER
    assert heard.said[-1].startswith("We are open")
    assert heard.silence < MOST_SILENCE
    assert heard.record.ended_by == "caller"


@pytest.mark.parametrize("fault", ["deaf", "closed"])
def test_a_voice_that_is_lost_for_good_is_told_of_by_prepared_words(tmp_path: Path, fault: str) -> None:
    heard = play(tmp_path, CartesiaVoice([fault] * 50, well_for=1), 3)
    assert heard.silence < MOST_SILENCE
    assert heard.said[-1:] == [APOLOGY]
    assert heard.record.ended_by == "error"
    assert heard.record.errors
