"""A conversation in the roles that templates of Gemma's and Mistral's models take."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from agentrun.pipeline.services.alternating_roles import OPENING, alternating

SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "assistant", "content": "Hello."}
CALL = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "look_up", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "Open."}
PICTURE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}


def user(words: str) -> dict[str, Any]:
    return {"role": "user", "content": words}


def check(messages: list[dict[str, Any]]) -> None:
    """As the templates do: by turns, calls of tools and their results left out."""
    plain = [one for one in messages if one["role"] != "tool" and not one.get("tool_calls")]
    for place, message in enumerate(plain):
        assert message["role"] == ("user", "assistant")[place % 2], messages


@pytest.mark.parametrize(
    "messages",
    [
        [SYSTEM, user("A table.")],
        [SYSTEM, HELLO, user("A table.")],
        [SYSTEM, HELLO, user("A table."), user("For two.")],
        [SYSTEM, {"role": "developer", "content": "Greet."}, HELLO, user("Yes.")],
        [SYSTEM, HELLO, user("A table."), HELLO, {"role": "developer", "content": "Go on."}],
        [SYSTEM, user("A table."), CALL, RESULT],
        [SYSTEM, user("A table."), CALL, RESULT, HELLO, user("Thanks.")],
        [SYSTEM, user("A table."), HELLO, CALL, RESULT, user("Hello?"), HELLO],
        [SYSTEM, user("A table."), CALL, RESULT, user("Hello?"), HELLO, user("Yes.")],
        [SYSTEM, PICTURE, user("What is it?")],
        [SYSTEM, {"role": "system", "content": "Say hello."}],
        [HELLO, HELLO, user("Yes.")],
    ],
)
def test_user_and_assistant_speak_by_turns(messages: list[dict[str, Any]]) -> None:
    given = copy.deepcopy(messages)
    told = alternating(messages)
    assert messages == given
    assert {one["role"] for one in told} <= {"user", "assistant", "tool"}
    words = str(told)
    assert all(str(one["content"]) in words for one in messages if isinstance(one.get("content"), str))
    if not any(one.get("tool_calls") for one in messages):
        check(told)


def test_a_result_stays_behind_its_call() -> None:
    told = alternating([SYSTEM, user("A table."), CALL, RESULT, user("Hello?")])
    assert [one["role"] for one in told] == ["user", "assistant", "tool", "assistant", "user"]
    assert told[1]["tool_calls"] == CALL["tool_calls"]


def test_a_greeting_is_behind_the_beginning_of_the_call() -> None:
    assert alternating([SYSTEM, HELLO])[0] == user(f"Be brief.\n\n{OPENING}")
