"""Every fault of every part: the caller hears something in time, and the record says why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.desk import CORPUS
from tests.calls.fault_table import APOLOGY, MOST_SILENCE, REPEAT, ROUTES, ROWS, Row
from tests.calls.quick import QuickCall, quick_call

PROMPTS = (
    "prompts: {system: You answer for a restaurant., greeting: {say: Hello.}, "
    f"apology: {APOLOGY}, repeat: '{REPEAT}'}}"
)
SENTENCES = Answer("We are open from six to eleven. We are closed on Mondays.")
MORE = Answer("And that is all of it.")
QUESTION = (CORPUS / "04_team_duke.wav").read_bytes()[44:] + bytes(16_000 * 2)
"""A question at 16 kHz, and a second of silence."""
SOUND = (np.sin(np.arange(24_000) * 0.1) * 9_000).astype("<i2").tobytes()


async def observe(call: QuickCall, row: Row) -> float:
    """Ask, and listen until nothing more comes; gives the longest silence before something was heard."""
    clock = asyncio.get_running_loop().time
    sounds = call.transport._output.sounds
    asked = clock()
    call.openai.conditions.faults[ROUTES[row.part]] = row.fault
    before = len(sounds)
    if row.part == "stt":
        for start in range(0, len(QUESTION), 640):
            await call.transport.hear(QUESTION[start : start + 640])
            await asyncio.sleep(0.02)
        asked = clock()
    else:
        await call.say("When are you open?")
    while clock() - max(asked, sounds[-1][1] if sounds else asked) < MOST_SILENCE + 3:
        await asyncio.sleep(0.1)
        if call.session._ending.is_set() and call.session._caller_gone.is_set():
            break
    heard = sounds[before:]
    ends = [asked, *(end for _, end in heard)]
    return max((begin - end for (begin, _), end in zip(heard, ends, strict=False)), default=clock() - asked)


def run(folder: Path, row: Row) -> tuple[QuickCall, float]:
    """The call of one row, on the clock that jumps."""

    async def talk() -> tuple[QuickCall, float]:
        style = "realtime" if row.part == "realtime" else "cascaded"
        answers = [SENTENCES, *[MORE] * 6]
        async with (
            Resources() as resources,
            quick_call(
                *(folder, style, [], answers),
                resources=resources,
                prompts=PROMPTS,
                apology=SOUND,
                detection="silence" if row.part == "stt" else "transcription",
            ) as call,
        ):
            silence = await observe(call, row)
            over = call.record.ended_by
        return call, silence if over is None or over == "error" else -1.0

    return virtual_time.run(talk())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_fault_has_the_outcome_that_the_table_says(tmp_path: Path, row: Row) -> None:
    call, silence = run(tmp_path, row)
    said = call.agent_words[1:]
    assert said, "the caller was left in silence"
    assert silence <= MOST_SILENCE, f"{silence:.1f} s of silence"
    assert call.record.ended_by == ("caller" if row.goes_on else "error"), call.record.reason
    if row.hears == "the apology":
        assert said[-1] == APOLOGY
    elif row.hears == "the question again" and row.part != "realtime":
        assert said[-1] == REPEAT
    elif row.hears == "the answer":
        assert SENTENCES.text.split(". ")[0] in " ".join(said) or MORE.text in said
    else:
        assert APOLOGY not in said
    assert row.record in f"{call.record.errors} {call.record.reason}"
