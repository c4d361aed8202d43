"""Runs plugin hooks: before a call, at its start, for a page's requests, and at its end."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agentrun.errors import ToolError
from agentrun.tools.author_errors import AuthoredError, authored

if TYPE_CHECKING:
    from agentrun.tools.running.threads import Threads

Hook = tuple[Callable[..., Any], tuple[str, ...]]
"""A function, and the arguments that it wants."""


@dataclass(frozen=True)
class CallHooks:
    """The hooks of one ``plugin``; ``home`` names the loop that ``async def`` runs in on a server.

    None is the call's own, which a plugin shares that brings services of the pipeline.
    """

    plugin: str
    started: tuple[Hook, ...] = ()
    ended: tuple[Hook, ...] = ()
    before: tuple[Hook, ...] = ()
    messages: tuple[Hook, ...] = ()
    home: str | None = None

    def __bool__(self) -> bool:
        return bool(self.every)

    @property
    def every(self) -> tuple[Hook, ...]:
        """All of them."""
        return (*self.before, *self.started, *self.messages, *self.ended)

    @cached_property
    def threads(self) -> Threads:
        """What a page has the plugin do in threads, of all calls: it may ask as often as it likes."""
        from agentrun.tools.running.threads import Threads

        return Threads(self.plugin)


async def run(
    hook: Hook,
    given: Mapping[str, Any],
    seconds: float,
    home: str | None = None,
    threads: Threads | None = None,
) -> Any:
    """Run ``hook`` with those of ``given`` that it wants; gives its result.

    A ``def`` runs in one of ``threads``, or else in a new one; an ``async def`` in the loop that the server
    has for ``home``, or else in this one. Raises AuthoredError for what it raises, and TimeoutError when it
    takes longer than ``seconds``.
    """
    import asyncio  # not for a check, which runs no hook

    from agentrun.tools.running import plugin_loops
    from agentrun.tools.running.contained_tasks import contained
    from agentrun.tools.running.threads import Threads

    function, names = hook
    arguments = [given[name] for name in names]
    try:
        async with asyncio.timeout(seconds):
            with authored(), contained():
                if inspect.iscoroutinefunction(function):
                    return await plugin_loops.run_hook(home, function, arguments)
                there = threads or Threads(function.__name__, 1)
                return await asyncio.get_running_loop().run_in_executor(there, function, *arguments)
    except (ToolError, KeyboardInterrupt, GeneratorExit) as error:
        raise AuthoredError(error) from error
