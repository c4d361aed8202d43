"""Plugins that look a caller up before the agent speaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentrun import spec
from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.plugins.call_hooks import CallHooks
from agentrun.session.variables.before_call import BeforeCall, LookedUp

SPEC = """
transport: local
prompts: Hello {{ plan }}.
vars: {plan: none}
before_call: {timeout: 300ms}
"""


def made(tmp_path: Path, *functions: Callable[..., Any]) -> Plan:
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC)
    plan = planning.make(spec.load(path), [], {"OPENAI_API_KEY": "k"})
    hooks = tuple(CallHooks("crm", before=((function, ("call",)),)) for function in functions)
    return replace(plan, hooks=hooks)


async def found(plan: Plan, call: Call | None = None) -> LookedUp:
    async with httpx.AsyncClient() as web:
        asking = BeforeCall(plan, call or Call("CA1", "desk", "twilio", "+15551234567"), web)
        asking.begin()
        return await asking.found()


def gives(value: Any) -> Callable[[Call], Any]:
    def agentrun_call_before(call: Call) -> Any:
        assert call.from_number == "+15551234567"
        if isinstance(value, Exception):
            raise value
        return value

    return agentrun_call_before


async def test_a_plugin_gives_values_for_variables_and_the_last_one_counts(tmp_path: Path) -> None:
    looked_up = await found(made(tmp_path, gives({"plan": "gold"}), gives(None), gives({"plan": "silver"})))
    assert looked_up == LookedUp({"plan": "silver"})


async def test_a_plugin_that_refuses_says_with_which_words(tmp_path: Path) -> None:
    looked_up = await found(made(tmp_path, gives({"plan": "gold"}), gives(ToolError("Not you."))))
    assert looked_up.refusal == "Not you."


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        (ValueError("secret words"), "before_call_failed: plugin crm: ValueError"),
        ("gold", "before_call_failed: plugin crm gave str, and no mapping"),
        ({"plna": "gold"}, "not_saved: plugin crm: the spec has no variable 'plna'"),
        (
            {"plan": "x" * 20_000},
            "not_saved: plugin crm: 'plan' has no value: it has 20002 characters, more than 16000",
        ),
        ({"plan": object()}, "not_saved: plugin crm: 'plan' has no value: '\"plan\"' is not in the result"),
    ],
)
async def test_what_a_plugin_gives_is_taken_within_bounds(tmp_path: Path, value: Any, trouble: str) -> None:
    looked_up = await found(made(tmp_path, gives(value)))
    assert looked_up.troubles == (trouble,)
    assert not looked_up.values.get("plan")


async def test_a_plugin_may_find_out_more_than_an_agent_has_variables_for(tmp_path: Path) -> None:
    looked_up = await found(made(tmp_path, gives({"plan": "gold", "birthday": "1815-12-10", "plans": 3})))
    assert looked_up == LookedUp({"plan": "gold"})


async def test_a_plugin_that_is_slow_is_not_waited_for(tmp_path: Path) -> None:
    async def asks(call: Call) -> dict[str, str]:
        del call
        await asyncio.sleep(60)
        return {"plan": "gold"}

    def blocks(call: Call) -> dict[str, str]:
        del call
        time.sleep(2)
        return {"plan": "gold"}

    looked_up = await found(made(tmp_path, asks, blocks, gives({"plan": "silver"})))
    assert looked_up.values == {"plan": "silver"}
    assert looked_up.troubles == ("before_call_late: plugin crm gave nothing within 0.3 s",) * 2


async def test_a_look_up_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def asks(call: Call) -> None:
        del call
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with httpx.AsyncClient() as web:
        asking = BeforeCall(made(tmp_path, asks), Call("CA1", "desk", "twilio"), web)
        asking.begin()
        await begun.wait()
        asking.close()
        assert await asking.found() == LookedUp()
    await ended.wait()
