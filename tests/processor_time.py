"""A bound on the processor time of a test: what a busy machine does doesn't count."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when what runs here takes more than ``seconds`` of this process's own processor time.

    For the main thread. Give it a hundred times of what is needed: it is there to see what grows with the
    square of a text's length, not to measure.
    """

    def over(*_: object) -> None:
        raise AssertionError(f"over {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
