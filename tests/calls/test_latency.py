"""The record says where the time of each answer went, and the parts add up to what the caller waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.records import Turn
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Route
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, STYLES, open_desk

ATTEMPTS = 4
"""A machine that is busy for a moment delays the wire and not the record, or the other way round."""
NEAR_MS = 50.0
DELAYS: dict[Route, float] = {"transcriptions": 0.25, "chat": 0.3, "speech": 0.2, "responses": 0.3}


@pytest.mark.parametrize("style", STYLES)
async def test_the_record_has_the_wait_for_the_first_sound(tmp_path: Path, style: str) -> None:
    async with open_desk(tmp_path, [HELLO], style=style) as desk:
        async with desk.caller.call(desk.url) as call:
            heard = await call.hear_greeting(silence=0.3)
        waited = (await desk.finished(call)).first_audio_ms
    assert waited is not None
    assert 0 < waited <= heard.first_sound_ms


async def measured(folder: Path, style: str, answers: list[Answer]) -> tuple[Turn, float]:
    """An answer as the record has it, and what the caller waited for it in ms."""
    late = {"turns.early": "none"}  # transcription begins where its stage does
    async with open_desk(folder, [HELLO, *answers], style=style, overrides=late) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.6)
            desk.openai.conditions.latency.update(DELAYS)
            await call.say(QUESTION)
            heard = await call.hear_answer()
        [turn] = (await desk.finished(call)).turns
    return turn, heard.first_sound_ms


def is_near(turn: Turn, style: str, wire: float, *, tool: bool) -> bool:
    """Whether each stage has its delay, and all of them make up what the wire shows."""
    requests = 2 if tool else 1
    expected = (
        {"stt": 250.0, "llm": 300.0 * requests, "tts": 200.0}
        if style == "cascaded"
        else {"model": 300.0 * requests}
    )
    stages = {name: turn.stages.get(name, 0.0) for name in expected}
    right = all(-2 <= stages[name] - expected[name] <= NEAR_MS * requests for name in expected)
    return right and abs(turn.total_ms - wire) <= NEAR_MS


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("style", STYLES)
async def test_the_stages_show_their_delays_and_add_up_to_the_wire(
    tmp_path: Path, style: str, tool: bool
) -> None:
    seen = []
    for attempt in range(ATTEMPTS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        turn, wire = await measured(folder, style, [LOOK_UP, OPEN] if tool else [OPEN])
        assert sum(turn.stages.values()) == pytest.approx(turn.total_ms, abs=0.5)
        assert "endpointing" in turn.stages
        seen.append((turn, wire))
        if is_near(turn, style, wire, tool=tool):
            return
    pytest.fail(str(seen))


async def test_a_record_says_what_was_used_what_it_may_cost_and_what_answered(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN]) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.6)
            await call.say(QUESTION)
            await call.hear_answer()
        record = await desk.finished(call)
    assert {name.partition(" ")[0] for name in record.usage} == {"stt", "llm", "tts"}
    used = next(used for name, used in record.usage.items() if name.startswith("tts"))
    assert used["characters"] == len(HELLO.text) + len(OPEN.text)
    assert 0 < record.cost["total"] < 0.1
    assert record.cost["unknown"] == []
    assert len(record.spec_hash) == 16
    assert record.versions["pipecat"] == "1.14.0"
