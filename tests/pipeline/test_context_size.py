"""What is left of a long conversation where it is trimmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun import spec
from agentrun.pipeline import context_size
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from agentrun.testing import virtual_time
from tests.calls.fault_rows import play
from tests.calls.fault_rows.row import APOLOGY
from tests.calls.quick import quick_call

FLOW = """
prompts: Be brief.
flow:
  initial_node: desk
  nodes: {desk: {task_messages: Ask for the day.}}
"""
FALLBACK = ("pipeline.llm.fallback", "{{model: openai/other, base_url: 'http://{address}/v1'}}")
PROMPT = "prompts: Be brief."


def messages(*roles: str) -> list[Any]:
    return [{"role": role, "content": f"{role} {place}"} for place, role in enumerate(roles)]


def trimmed(folder: Path, more: str, *roles: str) -> list[str]:
    text = f"name: desk\ntransport: local\ncontext: {{strategy: trim, max_messages: 4}}\n{more}\n"
    (folder / "desk.yaml").write_text(text)
    context = LLMContext(messages(*roles))
    context_size.trim(context, spec.load(folder / "desk.yaml").spec)
    return [str(message["content"]) for message in context.get_messages() if isinstance(message, dict)]


TURNS = ("user", "assistant") * 4


def test_the_task_of_a_flow_s_node_outlives_the_turns_that_are_dropped(tmp_path: Path) -> None:
    left = trimmed(tmp_path, FLOW, "developer", *TURNS, "user")
    assert left == ["developer 0", "user 7", "assistant 8", "user 9"]


def test_so_many_instructions_stay_and_no_more(tmp_path: Path) -> None:
    left = trimmed(tmp_path, FLOW, *["developer"] * 9, *TURNS)
    assert left == [f"developer {at}" for at in (5, 6, 7, 8)] + [
        "user 13",
        "assistant 14",
        "user 15",
        "assistant 16",
    ]


@pytest.mark.parametrize("roles", [("developer", *TURNS, "user"), ("system", *TURNS, "user")])
def test_without_a_flow_old_instructions_go_with_their_turns(tmp_path: Path, roles: tuple[str, ...]) -> None:
    assert trimmed(tmp_path, PROMPT, *roles) == ["user 7", "assistant 8", "user 9"]


def shortened(*sizes: tuple[str, int]) -> list[str] | None:
    context = LLMContext([{"role": role, "content": "x" * size} for role, size in sizes])  # type: ignore[misc]
    if not context_size.shorten(context):
        return None
    return [str(m["role"]) for m in context.get_messages() if isinstance(m, dict)]


def test_the_older_half_of_what_is_too_long_is_dropped() -> None:
    assert shortened(*[("user", 100), ("assistant", 100)] * 4) == ["user", "assistant"] * 2
    assert shortened(("developer", 50), ("user", 9_000), ("assistant", 10), ("user", 10)) == [
        "developer",
        "user",
    ]


def test_what_is_too_long_by_itself_has_no_older_half() -> None:
    assert shortened(("user", 10), ("assistant", 10), ("user", 9_000)) is None
    assert shortened(("user", 10), ("assistant", 10), ("tool", 9_000)) is None
    assert shortened() is None


@pytest.mark.parametrize(
    ("fallback", "times", "said"),
    [
        (False, 1, "The answer."),
        (False, 2, APOLOGY),
        (True, 1, "The answer."),
        (True, 2, "The answer."),
        (True, 3, "The answer."),
        (True, 4, APOLOGY),
    ],
)
def test_a_conversation_that_has_become_too_long_goes_on(
    tmp_path: Path, fallback: bool, times: int, said: str
) -> None:
    async def talk() -> tuple[list[str], CallRecord, int]:
        answers = [Answer("We are open from six to eleven.")] * 3 + [Answer("The answer.")]
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "cascaded", [], answers),
                resources=resources,
                prompts=play.PROMPTS.format("{say: Hello.}"),
                apology=play.SOUND,
                overrides=[FALLBACK] if fallback else [],
            ) as call,
        ):
            for _ in range(3):
                before = len(call.agent_words)
                await call.say("When are you open?")
                await call.until(lambda before=before: len(call.agent_words) > before and not call.speaking)  # type: ignore[misc]
            fault = Fault("status", 400, times=times, code="context_length_exceeded")
            call.openai.conditions.faults["chat"] = fault
            await call.say("And on Mondays?")
            await call.until(lambda: len(call.agent_words) > 4, 3.0)
            return call.agent_words[4:], call.record, len(call.brain.asked[-1].messages)

    words, record, asked = virtual_time.run(talk())
    assert words == [said]
    assert "context_length_exceeded" in record.errors[0]
    assert asked < 8 or (fallback and times == 1)
