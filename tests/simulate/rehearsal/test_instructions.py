"""What an agent says when it is told to, and nobody asked anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.spec.models.agent import AgentSpec
from tests.simulate.rehearsal.rehearsing import ask, caller, ncaa_spec, trattoria


@pytest.fixture(scope="module")
def ncaa() -> AgentSpec:
    return ncaa_spec()


@pytest.mark.parametrize("role", ["system", "developer", "user"])
async def test_the_greeting_is_said_whoever_asks_for_it(ncaa: AgentSpec, role: str) -> None:
    assert isinstance(ncaa.prompts.greeting, str)
    messages = [{"role": role, "content": ncaa.prompts.greeting}]
    assert (await ask(ncaa, messages)).text == "Hello! I am a March Madness expert. How can I help you?"


async def test_a_greeting_is_known_after_its_template_was_filled_in(tmp_path: Path) -> None:
    spec = trattoria(tmp_path, greeting="Greet {{ call.caller }} and say that you are a waiter.")
    messages = [{"role": "user", "content": "Greet +15551234567 and say that you are a waiter."}]
    assert (await ask(spec, messages)).text == "Hello! I am a waiter. How can I help you?"


async def test_quoted_words_are_said_as_they_are(ncaa: AgentSpec) -> None:
    messages = [
        *caller("Hi"),
        {"role": "system", "content": 'Say exactly these words: "Are you still there?"'},
    ]
    assert (await ask(ncaa, messages)).text == "Are you still there?"


async def test_nothing_at_all_is_met_with_a_greeting(ncaa: AgentSpec) -> None:
    assert (await ask(ncaa, [])).text == "Hello! How can I help you?"
