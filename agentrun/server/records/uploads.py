"""Uploads one recording, in a thread where it blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from loguru import logger

from agentrun.records import CallRecord
from agentrun.records.audio.destination import shown
from agentrun.records.store.threads import heed
from agentrun.tools.running.threads import Threads

ATTEMPT_SECONDS = 300.0
"""After so long the record says that the file is still here."""
LONGEST_ERROR = 200


class Upload:
    """Sends ``path`` to ``address`` from now on, in a thread of ``threads``.

    Before each attempt it waits for so many seconds of ``waits``. A thread can't be stopped: there is never a
    second attempt beside one that still runs, and whoever deletes the file waits for it. ``changed`` is told
    when the record says something else.
    """

    def __init__(
        self,
        path: Path,
        address: str,
        record: CallRecord,
        threads: Threads,
        waits: tuple[float, ...],
        changed: Callable[[CallRecord], None],
    ) -> None:
        self._path, self._address, self._record = path, address, record
        self._threads, self._waits, self._changed = threads, waits, changed
        self._job: asyncio.Future[None] | None = None
        self._stopped = threading.Event()
        self._is_dropped = self._is_late = False
        self.task = asyncio.create_task(self._run())

    async def drop(self) -> None:
        """Send it no more, for it is to be deleted; returns when no thread is at work on it."""
        self._is_dropped = True
        self._stopped.set()
        self.task.cancel()
        await asyncio.wait({self.task})
        if self._job:
            await asyncio.wait({self._job})

    async def _run(self) -> None:
        wrong = "the server stopped first"
        try:
            for wait in self._waits:
                await asyncio.sleep(wait)
                wrong = await self._attempt()
                if not wrong:
                    await self._arrived()
                    return
                logger.warning("call {}: its recording could not be sent: {}", self._record.id, wrong)
        finally:
            self._stopped.set()
            if wrong and not self._is_dropped:
                self._stays(f"{wrong}; it is kept at {self._path}")

    async def _attempt(self) -> str:
        """Why the file could not be sent, or nothing; each store has errors of its own."""
        work = partial(_put, self._path, self._address, self._stopped)
        job = self._job = asyncio.get_running_loop().run_in_executor(self._threads, work)
        job.add_done_callback(heed)
        done, _ = await asyncio.wait({job}, timeout=ATTEMPT_SECONDS)
        if not done:
            self._is_late = True
            words = f"it takes longer than {ATTEMPT_SECONDS:g} s; until it has arrived it is at {self._path}"
            logger.warning("call {}: its recording is still being sent: {}", self._record.id, words)
            self._stays(words)
            await asyncio.wait({job})
        if error := job.exception():
            return f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_ERROR]
        return ""

    async def _arrived(self) -> None:
        if self._is_late:
            self._record.recording = shown(self._address)
            self._changed(self._record)
        try:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)
        except OSError as error:
            self._record.errors.append(f"recording: it was sent, and is still at {self._path}: {error}")
            self._changed(self._record)

    def _stays(self, words: str) -> None:
        self._record.recording = str(self._path)
        self._record.errors.append(f"recording: {shown(self._address)}: {words}")
        self._changed(self._record)


def _put(path: Path, address: str, stopped: threading.Event) -> None:
    """Send the file, unless it is to be sent no more; blocks, and raises what the store's library raises."""
    from fsspec.core import url_to_fs

    if stopped.is_set():
        return
    store, there = url_to_fs(address)
    if parent := there.rpartition("/")[0]:
        store.makedirs(parent, exist_ok=True)
    store.put_file(str(path), there)


def remove(path: Path, address: str) -> None:
    """Delete a file here and, where it was sent to an address, there; blocks, and raises what its store does.

    >>> remove(Path("recordings/desk-1.wav"), "memory://calls/desk-1.wav")
    """
    from fsspec.core import url_to_fs

    path.unlink(missing_ok=True)
    if address:
        store, there = url_to_fs(address)
        if store.exists(there):
            store.rm_file(there)
