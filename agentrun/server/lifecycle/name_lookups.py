"""Raises the number of concurrent DNS look-ups, so that a hanging name server delays nobody else."""

from __future__ import annotations

from collections.abc import MutableMapping

THREADS = "64"
"""Half of them look up names. libuv, which runs the event loop, has 4 by itself: two names that hang for half
a minute keep every other one waiting, and with it the service that is to take over. A thread costs 8 kB."""
VARIABLE = "UV_THREADPOOL_SIZE"


def widen(environ: MutableMapping[str, str]) -> None:
    """Have libuv begin with ``THREADS`` threads, unless ``environ`` says how many; before the loop runs.

    >>> environ = {}
    >>> widen(environ)
    >>> environ
    {'UV_THREADPOOL_SIZE': '64'}
    """
    environ.setdefault(VARIABLE, THREADS)
