"""Plugins hear of the end of a call after its beginning; nothing is kept of one that goes on elsewhere."""

from __future__ import annotations

import asyncio

from agentrun.call import Call
from agentrun.plugins.call_hooks import CallHooks
from agentrun.records import CallRecord
from agentrun.server.calls.left_open import LeftOpenCalls
from agentrun.server.calls.plugin_hooks import PluginNotifier


async def test_a_plugin_hears_of_the_beginning_before_the_end() -> None:
    heard: list[str] = []

    async def started(call: Call) -> None:
        await asyncio.sleep(1)
        heard.append(f"started {call.id}")

    async def ended(record: dict[str, object]) -> None:
        heard.append(f"ended {record['id']}")

    hooks = [CallHooks("crm", started=((started, ("call",)),), ended=((ended, ("record",)),))]
    notifier, record = PluginNotifier(), CallRecord("CA1", "desk", "twilio")
    notifier.started(hooks, Call("CA1", "desk", "twilio"), record)
    notifier.ended(hooks, record)
    await notifier.close()
    assert heard == ["started CA1", "ended CA1"]


async def test_nothing_is_kept_of_a_call_that_goes_on_elsewhere() -> None:
    class Elsewhere:
        async def is_elsewhere(self, _record: CallRecord) -> bool:
            return True

    notifier, forgotten = PluginNotifier(), list[CallRecord]()
    left_open = LeftOpenCalls(forgotten.append, notifier.forget, seconds=1)
    left_open.resumed = Elsewhere()  # type: ignore[assignment]
    record = CallRecord("CA1", "desk", "twilio")
    notifier.started([CallHooks("crm")], Call("CA1", "desk", "twilio"), record)
    assert list(notifier._started) == [record.key]
    left_open.leave(record, lambda: None)
    await asyncio.sleep(2)
    assert notifier._started == {}
    assert forgotten == [record]
