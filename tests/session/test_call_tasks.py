"""Whatever is raised beside the pipeline of a call: the caller is told, and the record says what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline import context_size
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses import idle_prompts
from agentrun.session.responses.realtime.reconnection import RealtimeReconnection
from agentrun.session.turns.key_turns import KeyTurns
from agentrun.session.variables import before_call
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.quick import LOUD, QuickCall, quick_call

LIMITS = [("limits.idle_timeout", "60s")]
KEYS = "keys: {menu: {1: I want to book}}"
OPEN = Answer("We are open.")


def broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("out of order")


async def boom(*_: Any, **__: Any) -> None:
    broken()


def given_up(folder: Path, style: str, **options: Any) -> QuickCall:
    """A call that ends by itself."""

    async def talk() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(
                *(folder, style, [], []), resources=resources, overrides=LIMITS, apology=LOUD * 2, **options
            ) as call,
        ):
            await call.until(lambda: call.record.ended_by, 8)
            await call.until(call.session.parts.worker.has_finished, 30)
            return call

    return virtual_time.run(talk())


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
def test_a_caller_who_can_t_be_greeted_hears_the_apology(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    monkeypatch.setattr(before_call, "choice", broken)
    call = given_up(tmp_path, style, greeted=False)
    assert call.agent_words == ["I am sorry."]
    assert call.record.errors == ["internal_error: the greeting failed: RuntimeError: out of order"]
    assert (call.record.ended_by, call.record.reason) == (
        "error",
        "the greeting failed: RuntimeError: out of order",
    )


@pytest.mark.parametrize(
    ("owner", "name", "part", "style"),
    [
        (KeyTurns, "run", "the keypad", "cascaded"),
        (idle_prompts, "limit", "the limit", "cascaded"),
        (RealtimeReconnection, "watch", "the realtime connection", "realtime"),
    ],
    ids=["keys", "limit", "reconnection"],
)
def test_a_task_that_dies_is_noted_at_once_and_the_caller_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, part: str, style: str
) -> None:
    monkeypatch.setattr(owner, name, boom)
    call = given_up(tmp_path, style, greeted=False, turns=KEYS)
    assert call.agent_words[-1] == "I am sorry."
    assert call.record.errors == [f"internal_error: {part} failed: RuntimeError: out of order"]
    assert call.record.ended_by == "error"


def test_a_turn_that_can_t_be_followed_is_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(tmp_path, "cascaded", [], [OPEN], resources=resources) as call,
        ):
            monkeypatch.setattr(context_size, "trim", broken)
            await call.say("When are you open?")
            await call.said(OPEN.text)
            return call

    call = virtual_time.run(talk())
    assert call.record.errors == ["internal_error: the end of a turn failed: RuntimeError: out of order"]
    assert call.record.ended_by == "caller"
