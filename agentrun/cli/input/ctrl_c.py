"""Ctrl-C as an event, so that a server can close what it has open."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field


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
    """``asked`` is set by the first signal, ``now`` by the second; ``gently`` when the first is SIGTERM."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    now: asyncio.Event = field(default_factory=asyncio.Event)
    gently: bool = False

    def note(self, number: signal.Signals) -> None:
        """A signal has come."""
        if self.asked.is_set():
            self.now.set()
            return
        self.gently = number == signal.SIGTERM
        self.asked.set()


@contextlib.contextmanager
def stopping() -> Iterator[StopRequest]:
    """How this process is asked to stop while the block runs: by Ctrl-C, or by a supervisor's SIGTERM."""
    request, loop = StopRequest(), asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, request.note, number)
    try:
        yield request
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
