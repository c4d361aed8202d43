"""Runs the plugin hooks for calls starting and ending."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from loguru import logger

from agentrun.call import Call
from agentrun.plugins import call_hooks
from agentrun.plugins.call_hooks import CallHooks, Hook
from agentrun.records import CallRecord
from agentrun.tools.author_errors import AuthoredError

HOOK_SECONDS = 30.0
"""How long a hook may take; no call waits for it."""


class PluginNotifier:
    """Tells plugins of calls, beside the calls."""

    def __init__(self) -> None:
        self._telling: set[asyncio.Task[None]] = set()
        self._started: dict[str, asyncio.Task[None]] = {}

    def started(self, hooks: Sequence[CallHooks], call: Call, record: CallRecord) -> None:
        """A call has begun."""
        if hooks:
            listeners = [(each, hook) for each in hooks for hook in each.started]
            self._started[record.key] = self._begin(listeners, "agentrun_call_started", {"call": call})

    def ended(self, hooks: Sequence[CallHooks], record: CallRecord) -> None:
        """A call is over; a plugin hears of its end after its beginning."""
        if hooks:
            listeners = [(each, hook) for each in hooks for hook in each.ended]
            arguments = {"record": record.as_json()}
            self._begin(listeners, "agentrun_call_ended", arguments, self._started.pop(record.key, None))

    def forget(self, record: CallRecord) -> None:
        """A call goes on elsewhere, where its plugins hear of its end."""
        self._started.pop(record.key, None)

    async def close(self) -> None:
        """Wait until every plugin has been told, as long as it may take."""
        if self._telling:
            await asyncio.wait(self._telling)

    def _begin(
        self,
        told: Sequence[tuple[CallHooks, Hook]],
        name: str,
        given: Mapping[str, Any],
        after: asyncio.Task[None] | None = None,
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(_tell(told, name, given, after))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task


async def _tell(
    told: Sequence[tuple[CallHooks, Hook]],
    name: str,
    given: Mapping[str, Any],
    after: asyncio.Task[None] | None,
) -> None:
    if after:
        await asyncio.wait({after})
    await asyncio.gather(*(_tell_one(hooks, hook, name, given) for hooks, hook in told))


async def _tell_one(hooks: CallHooks, hook: Hook, name: str, given: Mapping[str, Any]) -> None:
    plugin = hooks.plugin
    try:
        await call_hooks.run(hook, given, HOOK_SECONDS, hooks.home)
    except TimeoutError:
        logger.error("plugin {}: {} took longer than {:g} s", plugin, name, HOOK_SECONDS)
    except AuthoredError as error:
        first, _, trace = error.detail.partition("\n")
        logger.error("plugin {}: {} raised {}", plugin, name, first)
        logger.debug("plugin {}: {}", plugin, trace)
