"""Lines from standard input, without a thread that keeps the process alive."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
import threading


class InputLines:
    """Lines that are typed or piped in; None marks the end.

    Read from the descriptor itself: a thread that waits in Python's own buffer would hold its lock while
    the process ends.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="standard input", daemon=True).start()

    async def next(self) -> str | None:
        """The next line without its line break, or None after Ctrl-D or at the end of a pipe."""
        return await self._queue.get()

    def _read(self) -> None:
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        rest = ""
        try:
            while chunk := _chunk():
                *lines, rest = (rest + decode(chunk)).split("\n")
                for line in lines:
                    self._put(line.rstrip("\r"))
            if rest:
                self._put(rest)
        finally:
            self._put(None)

    def _put(self, line: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)


def _chunk() -> bytes:
    """What comes next; nothing at the end, also where input is closed or its terminal has gone away."""
    try:
        # None where the process was started without it; a ValueError is one that was closed since
        return os.read(sys.stdin.fileno(), 65_536) if sys.stdin else b""
    except (OSError, ValueError):
        return b""
