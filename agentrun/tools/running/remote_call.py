"""A call for code that runs in another event loop than the session."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from agentrun.call import Call, Line
from agentrun.tools.running.contained_tasks import alone
from agentrun.tools.running.plugin_loop import PluginLoop

T = TypeVar("T")


def remote(call: Call, session: asyncio.AbstractEventLoop, home: PluginLoop) -> Call:
    """``call`` of the loop ``session`` for code that runs in ``home``; its ``state`` is the same."""
    line = call.line and RemoteLine(call.line, session, home)
    return replace(call, line=line, client=home.client if call.client else None)


class RemoteLine:
    """``line``, whose methods run in the loop ``session``; HTTP and ``run`` are those of ``home``."""

    def __init__(self, line: Line, session: asyncio.AbstractEventLoop, home: PluginLoop) -> None:
        self._line, self._session, self._home = line, session, home

    @property
    def http(self) -> httpx.AsyncClient:
        return self._home.client

    async def say(self, text: str) -> None:
        await self._there(self._line.say(text))

    async def hang_up(self, words: str) -> None:
        await self._there(self._line.hang_up(words))

    async def transfer(self, to: str, words: str) -> None:
        await self._there(self._line.transfer(to, words))

    async def hand_over(self, to: str, words: str) -> None:
        await self._there(self._line.hand_over(to, words))

    async def send_digits(self, digits: str) -> None:
        await self._there(self._line.send_digits(digits))

    async def collect_digits(self, words: str, most: int, finish: str, timeout: float) -> str:
        return await self._there(self._line.collect_digits(words, most, finish, timeout))

    async def wait(self, seconds: float) -> None:
        await self._there(self._line.wait(seconds))

    async def quiet(self, seconds: float, most: float) -> None:
        await self._there(self._line.quiet(seconds, most))

    async def stop_recording(self) -> bool:
        return await self._there(self._line.stop_recording())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._home.is_here:
            work.close()
            raise RuntimeError("call.run is for a def tool's thread; an async def awaits the call's methods")
        return asyncio.run_coroutine_threadsafe(alone(work), self._home.loop).result()

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for ``work`` of the session's; cancelling this cancels it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._session))
