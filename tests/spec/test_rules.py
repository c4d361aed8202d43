"""What can't stand together in a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import spec
from agentrun.spec.checks import combinations

BASE = "transport: local\nprompts: You are a friendly voice.\n"
REALTIME = BASE + "pipeline: {style: realtime}\n"
LOCAL = BASE + "pipeline: {style: realtime, realtime: {turn_detection: local}}\n"


def wrong(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "desk.yaml"
    path.write_text(text, encoding="utf-8")
    return [problem.where for problem in combinations.check(spec.load(path))]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (BASE + "turns: {detection: semantic}\n", "turns.detection"),
        (BASE + "turns: {silence: 1s}\n", "turns.silence"),
        (BASE + "pipeline: {llm: openai/gpt-4o-audio-preview, stt: openai/whisper-1}\n", "pipeline.stt"),
        (BASE + "pipeline: {stt: null}\n", "pipeline.stt"),
        (REALTIME + "turns: {detection: transcription}\n", "turns.detection"),
        (REALTIME + "turns: {min_words: 2}\n", "turns.min_words"),
        (REALTIME + "turns: {confidence: 0.5}\n", "turns.confidence"),
        (REALTIME + "turns: {interruptions: false}\n", "turns.interruptions"),
        (REALTIME + "context: {strategy: summarise}\n", "context.strategy"),
        (LOCAL + "turns: {detection: semantic}\n", "turns.detection"),
        (LOCAL + "turns: {silence: 1s}\n", "turns.silence"),
        (BASE + "limits: {max_duration: 20s}\n", "limits.warn_before"),
        (BASE + "tests: [{name: a, turns: [{user: x}]}, {name: a, turns: [{user: y}]}]\n", "tests[1].name"),
        ("prompts: Hi.\ntransport: [local, twilio, local]\n", "transport[2]"),
    ],
)
def test_what_a_style_can_not_honour_is_never_ignored(text: str, where: str, tmp_path: Path) -> None:
    assert wrong(text, tmp_path) == [where]


@pytest.mark.parametrize(
    "text",
    [
        BASE,
        BASE + "turns: {detection: silence, silence: 1s, min_words: 3, interruptions: false}\n",
        BASE + "context: {strategy: summarise}\n",
        BASE + "pipeline: {llm: openai/gpt-4o-audio-preview, stt: null}\n",
        REALTIME + "turns: {detection: server, idle: 15s}\n",
        REALTIME + "turns: {detection: silence, silence: 1s, interruptions: false}\n",
        LOCAL + "turns: {detection: smart, confidence: 0.5}\n",
        BASE + "limits: {max_duration: 20s, warn_before: 5s}\n",
    ],
)
def test_what_goes_together_is_left_alone(text: str, tmp_path: Path) -> None:
    assert wrong(text, tmp_path) == []
