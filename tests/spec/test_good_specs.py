"""Every spec of ``tests/specs/good`` and of ``agents`` loads and plans without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.spec import load
from tests.spec.check_spec import SPECS, complaints

GOOD = SPECS / "good"
AGENTS = SPECS.parent.parent / "agents"


@pytest.mark.parametrize(
    "path", sorted([*GOOD.glob("*.yaml"), *AGENTS.glob("*[!s].yaml")]), ids=lambda path: path.stem
)
def test_a_good_spec_has_no_problems(path: Path) -> None:
    assert complaints(path) == ""


def test_the_shortest_spec_is_named_after_its_file() -> None:
    assert load(GOOD / "shortest.yaml").spec.name == "shortest"


def test_a_file_that_begins_with_a_digit_gives_a_name() -> None:
    assert load(GOOD / "24h.yaml").spec.name == "agent-24h"


def test_a_prompt_may_stand_in_a_file() -> None:
    assert load(GOOD / "prompt-file.yaml").spec.prompts.system.startswith("You are kind")


def test_a_model_that_hears_audio_needs_no_stt() -> None:
    assert load(GOOD / "audio-model.yaml").spec.pipeline.stt is None
