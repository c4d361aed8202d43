"""What is left of a long conversation where it is trimmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun import spec
from agentrun.pipeline import context_size

FLOW = """
prompts: Be brief.
flow:
  initial_node: desk
  nodes: {desk: {task_messages: Ask for the day.}}
"""
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
