"""A caller is looked up once, however often Twilio announces the call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx

from agentrun import spec
from agentrun.call import Call
from agentrun.plan import plan as planning
from agentrun.plugins.call_hooks import CallHooks
from agentrun.server.twilio.look_ups import LookUps


async def test_a_webhook_that_comes_twice_has_its_caller_looked_up_once_and_stopped_at_the_end(
    tmp_path: Path,
) -> None:
    asked, stopped = list[str](), list[str]()

    async def look_up(call: Call) -> None:
        asked.append(call.id)
        try:
            await asyncio.sleep(600)
        finally:
            stopped.append(call.id)

    path = tmp_path / "desk.yaml"
    path.write_text("transport: twilio\nprompts: Be brief.\nbefore_call: {timeout: 300ms}\n")
    plan = planning.make(spec.load(path), [], {"OPENAI_API_KEY": "k"})
    plan = replace(plan, hooks=(CallHooks("crm", before=((look_up, ("call",)),)),))
    async with httpx.AsyncClient() as web:
        look_ups = LookUps(web)
        for _ in range(2):
            look_ups.begin(plan, Call("CA1", plan.spec.name, "twilio"))
        look_ups.begin(plan, Call("CA2", plan.spec.name, "twilio"))
        await asyncio.sleep(0.01)
        assert asked == ["CA1", "CA2"]
        await look_ups.close()
        await asyncio.sleep(0.01)
    assert sorted(stopped) == ["CA1", "CA2"]
