"""Ends a worker when its supervisor dies, at whatever moment that happens.

The supervisor holds one end of a pipe, and its workers inherit the other: when the supervisor is gone,
however it went, the pipe is at its end. That is so too for a worker that looks at it only after that.
"""

from __future__ import annotations

import os
import signal
import threading


def end_with_supervisor(descriptor: int) -> threading.Thread:
    """Send this process SIGTERM once nobody holds the other end of the pipe ``descriptor`` any more.

    To be called before anything that takes time: until the server handles signals, SIGTERM ends the process.
    """
    thread = threading.Thread(target=_wait, args=(descriptor,), name="supervisor", daemon=True)
    thread.start()
    return thread


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
