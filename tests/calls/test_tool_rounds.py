"""Tools called again and again for one answer: the caller hears that it goes on, and it has an end."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool
from tests.calls.quick import QuickCall, calls, played

WAIT = "One moment, please."
OPEN = Answer("We are open from six.")


def at_once(runs: list[int]) -> Tool:
    @tool()
    def look_up(page: int) -> str:
        """Look it up."""
        runs.append(page)
        return "There is another page."

    return build(look_up, "desk")


def play(folder: Path, rounds: int, thinking: float, most: str = "30") -> tuple[QuickCall, list[int]]:
    """A question that takes ``rounds`` of a tool that is quick, with ``thinking`` seconds before each."""
    runs: list[int] = []

    async def talk(call: QuickCall) -> None:
        call.openai.conditions.latency["chat"] = thinking
        await call.say("Is there a table?")
        await call.until(lambda: "Nothing is there." in call.agent_words or call.record.ended_by, 200)
        await call.until(lambda: not call.speaking)

    answers = [*(calls("look_up", page=page) for page in range(rounds)), Answer("Nothing is there.")]
    limit = [("limits.tool_rounds", most)]
    return played(folder, "cascaded", [at_once(runs)], answers, talk, overrides=limit), runs


@pytest.mark.parametrize("thinking", [1.0, 3.0, 5.0])
def test_a_caller_hears_that_it_goes_on_while_quick_tools_follow_each_other(
    tmp_path: Path, thinking: float
) -> None:
    call, _ = play(tmp_path, 12, thinking)
    assert call.agent_words[-1] == "Nothing is there."
    assert set(call.agent_words[1:-1]) == {WAIT}
    at = [entry.at for entry in call.record.transcript if entry.who != "tool"]
    assert max(after - before for before, after in pairwise(at)) < 8 + 4
    assert call.record.errors == []


def test_a_model_that_would_go_on_for_ever_is_told_to_answer(tmp_path: Path) -> None:
    call, runs = play(tmp_path, 5, 1.0, most="4")
    assert runs == [0, 1, 2, 3]
    assert "look_up was not run" in call.tool_results()[-1]
    assert call.agent_words[-1] == "Nothing is there."


@pytest.mark.parametrize("obeys", [True, False])
def test_a_model_whose_arguments_are_cut_off_each_time_is_told_to_answer(tmp_path: Path, obeys: bool) -> None:
    cut = calls("look_up", unreadable_arguments='{"page": ')
    runs: list[int] = []
    waited = 0.0

    async def talk(call: QuickCall) -> None:
        nonlocal waited
        call.openai.conditions.latency["chat"] = 5.0
        began = asyncio.get_running_loop().time()
        await call.say("Is there a table?")
        await call.until(lambda: OPEN.text in call.agent_words or call.record.ended_by, 200)
        waited = asyncio.get_running_loop().time() - began

    answers = [cut] * (3 if obeys else 40) + [OPEN]
    call = played(tmp_path, "cascaded", [at_once(runs)], answers, talk)
    assert not runs
    assert "Call again with the whole arguments" in call.tool_results()[0]
    assert "could not be read 3 times" in call.tool_results()[2]
    assert (OPEN.text in call.agent_words) is obeys
    assert waited < 30


def test_one_that_does_not_answer_then_ends_the_call(tmp_path: Path) -> None:
    call, runs = play(tmp_path, 100, 1.0, most="4")
    assert len(runs) == 4
    assert call.record.ended_by == "error"
