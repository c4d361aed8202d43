"""The event loops of plugins, separate from the loop of the calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from loguru import logger

from agentrun.call import Call
from agentrun.tools.running.plugin_loop import LoopHeldError, PluginLoop
from agentrun.tools.running.remote_call import remote

MOST_LOOPS = 8
"""Of one plugin; one more is begun when code that blocks holds all of the others."""
_HOOK_LINGER_SECONDS = 0.1
"""How long a hook that takes too long may clean up before nobody waits for it."""
Remote = Callable[[Call], Call]
_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, PluginLoops] = WeakKeyDictionary()


class PluginLoops:
    """Runs ``async def`` code of plugins, each in a loop of its own that starts with its first run.

    All tools and hooks of a plugin share one, and with it what belongs to a loop: clients, locks, queues.
    """

    def __init__(self, client: Callable[[], httpx.AsyncClient]) -> None:
        self._client = client
        self._loops: dict[str, list[PluginLoop]] = {}

    async def run(
        self, plugin: str, work: Callable[[Remote], Coroutine[Any, Any, Any]], name: str, linger: float
    ) -> Any:
        """Run ``work`` in a loop of ``plugin``; gives and raises what it does.

        ``work`` gets what makes a call usable there. While the plugin's loop is held by code that blocks, it
        runs in another one. Cancelled, it has ``linger`` seconds to end. Raises RuntimeError where all of
        them are held.
        """
        loops = self._loops.setdefault(plugin, [])
        for number in range(MOST_LOOPS):
            if number == len(loops):
                loops.append(PluginLoop(plugin, self._client))
            loop = loops[number]
            if loop.is_held:
                continue
            try:
                return await loop.run(_in(loop, work), name, linger)
            except LoopHeldError as error:
                logger.error("plugin {}: {}; {} runs in another one", plugin, error, name)
        raise RuntimeError(f"code that blocks holds all {MOST_LOOPS} event loops of plugin {plugin}")

    async def close(self) -> None:
        """Close all loops; blocked ones are left behind."""
        every = [loop for loops in self._loops.values() for loop in loops]
        await asyncio.gather(*(loop.close() for loop in every))


async def run_hook(home: str | None, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """Run an ``async def`` hook in the loop that the server has for ``home``, or else in this one."""
    loops = of_running_loop() if home else None
    if loops is None or home is None:
        return await function(*arguments)

    async def work(remote: Remote) -> Any:
        return await function(*(remote(each) if isinstance(each, Call) else each for each in arguments))

    return await loops.run(home, work, function.__name__, _HOOK_LINGER_SECONDS)


def _in(
    loop: PluginLoop, work: Callable[[Remote], Coroutine[Any, Any, Any]]
) -> Callable[[], Coroutine[Any, Any, Any]]:
    session = asyncio.get_running_loop()
    return lambda: work(lambda call: remote(call, session, loop))


def of_running_loop() -> PluginLoops | None:
    """Those for the calls of the running loop, or None: plugins' code runs in this loop then."""
    return _by_loop.get(asyncio.get_running_loop())


@asynccontextmanager
async def apart(client: Callable[[], httpx.AsyncClient]) -> AsyncIterator[PluginLoops]:
    """Have plugins' ``async def`` code run apart from the running loop while the block runs.

    ``client`` makes the HTTP client of each loop. Without this, and in a loop whose clock jumps, it runs in
    the loop of its call.
    """
    here, loops = asyncio.get_running_loop(), PluginLoops(client)
    if not getattr(here, "clock_jumps", False):
        _by_loop[here] = loops
    try:
        yield loops
    finally:
        _by_loop.pop(here, None)
        await loops.close()
