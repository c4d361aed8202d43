"""Ctrl-C as an event, so that a server can close what it has open."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import click

START_SECONDS = 20.0
"""How long a start may go on after a signal."""


@contextlib.contextmanager
def interrupted() -> Iterator[asyncio.Event]:
    """An event that Ctrl-C and SIGTERM set while the block runs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@dataclass
class StopRequest:
    """``asked`` is set by the first signal, ``now`` by the second; ``gently`` if the first is SIGTERM.

    ``replaced`` is set by SIGUSR1: another server has the same socket, and new connections are that one's.
    """

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    now: asyncio.Event = field(default_factory=asyncio.Event)
    replaced: asyncio.Event = field(default_factory=asyncio.Event)
    gently: bool = False

    def note(self, number: signal.Signals) -> None:
        """Note that a signal has arrived."""
        if self.asked.is_set():
            self.now.set()
            return
        self.gently = number == signal.SIGTERM
        self.asked.set()


@contextlib.contextmanager
def stopping() -> Iterator[StopRequest]:
    """Yield the requests to stop this process while the block runs: Ctrl-C, or a supervisor's SIGTERM."""
    request, loop = StopRequest(), asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, request.note, number)
    loop.add_signal_handler(signal.SIGUSR1, request.replaced.set)
    try:
        yield request
    finally:
        for number in (*numbers, signal.SIGUSR1):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def ending_a_start(stop: StopRequest) -> AsyncIterator[None]:
    """End a start that a signal finds under way, when it takes long after it, or at a second signal.

    Bringing tables up to date may take an hour, and another process may hold them; it begins anew at the next
    start. Raises SystemExit then.
    """
    start = asyncio.current_task()
    assert start is not None  # noqa: S101

    async def watch() -> None:
        await stop.asked.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                await stop.now.wait()
        start.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not watching.done():
            raise
        start.uncancel()
        click.echo("stopped before it had started", err=True)
        raise SystemExit(1) from None
    finally:
        watching.cancel()
