"""Lets calls finish before a server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from loguru import logger

from agentrun.server.calls.switchboard import Switchboard

REPLACED_SECONDS = 10.0
"""How long a server that listens no more lets calls in: what had connected before is answered by then, and a
connection that is kept open for the next request ends after 5 s."""


async def leave(switchboard: Switchboard, seconds: float, now: asyncio.Event, lame_duck: float = 0.0) -> None:
    """Let nothing in any more, and let the calls that are up finish within ``seconds``.

    For ``lame_duck`` seconds before that calls are still let in while ``/ready`` says that none should come:
    a balancer looks only now and then. The calls that are left at the end hear ``prompts.goodbye``, unless
    ``now`` is set: then nothing waits.
    """
    switchboard.admission.leaving = True
    if lame_duck:
        await _first(asyncio.sleep(lame_duck), now, None)
    switchboard.admission.stop()
    if await _first(switchboard.wait_until_idle(), now, seconds):
        return
    if not now.is_set():
        logger.warning("{} calls did not end within {:g} s", switchboard.live, seconds)
        await _first(switchboard.say_goodbye(), now, None)


async def cut_when(now: asyncio.Event, switchboard: Switchboard) -> None:
    """End every call without a word once ``now`` is set."""
    await now.wait()
    switchboard.cut()


async def _first(work: Coroutine[Any, Any, None], now: asyncio.Event, seconds: float | None) -> bool:
    """Whether ``work`` was done before ``now`` was set and within ``seconds``."""
    working, waiter = asyncio.create_task(work), asyncio.create_task(now.wait())
    await asyncio.wait({working, waiter}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if working.done():
        return True
    working.cancel()
    return False
