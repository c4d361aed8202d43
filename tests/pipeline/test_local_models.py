"""A server loads the models that the calls of its agents need, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import spec
from agentrun.pipeline import local_models, pipecat_private
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan

SPEC = """
name: desk
transport: {transport}
pipeline: {{style: {style}{more}}}
turns: {{{turns}}}
prompts: {{system: Be brief.}}
"""
VOICE = ", tts: {model: openai/tts-1, voice: alloy}"
LOCAL_TURNS = ", realtime: {model: openai/gpt-realtime, turn_detection: local}"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> set[int | str]:
    """The rates of the voice detectors that are loaded, and the judge of turns."""
    found: set[int | str] = set()
    monkeypatch.setattr(pipecat_private, "silero_session", found.add)
    monkeypatch.setattr(pipecat_private, "smart_turn_session", lambda: found.add("judge"))
    return found


def plan(folder: Path, style: str, transport: str = "twilio", more: str = "", turns: str = "") -> Plan:
    path = folder / "desk.yaml"
    path.write_text(SPEC.format(style=style, transport=transport, more=more, turns=turns))
    return planning.make(spec.load(path), [], {"OPENAI_API_KEY": "test"})


@pytest.mark.parametrize(
    ("style", "transport", "more", "turns", "needed"),
    [
        ("cascaded", "twilio", VOICE, "", {8_000, "judge"}),
        ("cascaded", "local", VOICE, "", {16_000, "judge"}),
        ("cascaded", "[twilio, local]", VOICE, "", {8_000, 16_000, "judge"}),
        ("cascaded", "twilio", VOICE, "detection: silence", {8_000}),
        ("realtime", "twilio", "", "", {8_000}),
        ("realtime", "twilio", LOCAL_TURNS, "", {8_000, "judge"}),
        ("realtime", "local", "", "", {16_000}),
    ],
)
def test_those_are_loaded_that_calls_need(
    tmp_path: Path,
    loaded: set[int | str],
    style: str,
    transport: str,
    more: str,
    turns: str,
    needed: set[int | str],
) -> None:
    local_models.load(plan(tmp_path, style, transport, more, turns))
    assert loaded == needed


async def test_what_calls_share_loads_none_of_them(loaded: set[int | str]) -> None:
    async with Resources():
        assert not loaded
