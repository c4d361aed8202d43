"""Whatever a service that streams does, the caller hears an answer, a question or the apology."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.fault_rows.play import PROMPTS, SOUND
from tests.calls.fault_rows.row import APOLOGY
from tests.calls.quick import QuickCall, quick_call
from tests.calls.streaming_peers import CartesiaVoice, Peer

ANSWER = "We are open from six."
MOST_SILENCE = 8 + 4
"""``limits.answer`` of the quick calls, and what all tries and the apology may take beside it."""


@dataclass(frozen=True)
class Heard:
    """What the agent ``said`` behind its greeting, the longest ``silence`` that a caller waited for it."""

    said: list[str]
    silence: float
    record: CallRecord


async def ask(call: QuickCall) -> float:
    """The caller asks a question; how many seconds later something is heard."""
    clock, output = asyncio.get_running_loop().time, call.transport.output()
    asked = clock()
    await call.say("When are you open?")
    await call.until(lambda: output.sounds and output.sounds[-1][1] > asked, 30)  # type: ignore[attr-defined]
    began = next(start for start, end in output.sounds if end > asked)  # type: ignore[attr-defined]
    await asyncio.sleep(0.5)
    await call.until(lambda: not call.speaking, 30)
    return float(began - asked)


def play(folder: Path, peer: Peer, questions: int) -> Heard:
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
                silences = []
                for _ in range(questions):
                    if call.session.is_over():
                        break
                    silences.append(await ask(call))
                    await asyncio.sleep(0.5)
            return Heard(call.agent_words[1:], max(silences, default=0.0), call.record)

    return virtual_time.run(talk())


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
