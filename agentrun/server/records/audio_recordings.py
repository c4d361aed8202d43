"""The recordings of a process: begun with calls, kept in a folder or sent to an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.records.audio.destination import RecordingDestination, shown
from agentrun.server.records.earlier_recordings import EarlierRecordings
from agentrun.session.tracking.audio_recorder import Recorder
from agentrun.tools.running.threads import Threads
from agentrun.transports.connection import Connection

WAITS = (0.0, 2.0, 10.0, 30.0)
"""Seconds before each attempt to send a file."""
ATTEMPT_SECONDS = 300.0
CLOSE_SECONDS = 10.0
"""How long files may still be sent once the server stops."""
MOST_AT_ONCE = 4
_LONGEST_ERROR = 200


class Recording:
    """One call's: what its session ends it with."""

    def __init__(
        self, recorder: Recorder, record: CallRecord, target: RecordingDestination, owner: Recordings
    ) -> None:
        self._recorder = recorder
        self._record = record
        self._target = target
        self._owner = owner
        self._path: Path | None = None
        self._address = ""
        self._sending: asyncio.Task[None] | None = None

    async def discard(self) -> bool:
        """Stop, and delete what was recorded: nothing is put or sent anywhere. Whether nothing is left.

        What was recorded of the same call before it came anew is deleted as well.
        """
        gone = await self._recorder.discard()
        left = await self._owner.earlier.delete(self._record.id, self, self._recorder.path, self._target)
        self._record.errors += [f"recording: it was to be deleted, and is still there: {one}" for one in left]
        return gone and not left

    async def delete(self) -> bool:
        """Stop it where it goes on, and delete what there is of it; whether nothing is left."""
        if self._path is None:
            return await self._recorder.discard()
        if self._sending:
            self._sending.cancel()
            await asyncio.wait({self._sending})
        removal = asyncio.ensure_future(asyncio.to_thread(_remove, self._path, self._address))
        await asyncio.wait({removal})
        if error := removal.exception():
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_ERROR]
            self._record.errors.append(f"recording: it was to be deleted, and is still there: {reason}")
            return False
        self._record.recording, self._record.recording_deleted = "", self._record.elapsed()
        self._owner.changed(self._record)
        return True

    async def finish(self) -> None:
        """Put the file where it belongs: in the folder at once, to an address after the call."""
        part = await self._recorder.finish()
        if part is None:
            return
        name = self._target.name(self._record.agent, self._record.id, self._record.started)
        path = part.with_name(name)
        try:
            await asyncio.to_thread(part.replace, path)
        except OSError as error:
            self._record.errors.append(f"recording: {error}")
            return
        self._path, self._record.recording = path, str(path)
        if self._target.address:
            self._address = f"{self._target.address}/{name}"
            self._sending = self._owner.send(path, self._address, self._record)


class Recordings:
    """Owns every file on its way; ``changed`` is told of a record that has changed after its call.

    ``waits`` are the seconds before each attempt to send a file.
    """

    def __init__(self, changed: Callable[[CallRecord], None], waits: tuple[float, ...] = WAITS) -> None:
        self.changed = changed
        self.earlier = EarlierRecordings()
        self.waits = waits
        self._threads = Threads("uploads", MOST_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()

    def begin(self, plan: Plan, connection: Connection, record: CallRecord) -> Recording | None:
        """Record a call from now on; None where the spec does not ask for it or there is no sound."""
        target = plan.recording
        if target is None or connection.written or connection.call.transport == "eval":
            return None
        recording = Recording(Recorder(target, connection, record), record, target, self)
        self.earlier.add(record.id, recording)
        return recording

    def send(self, path: Path, address: str, record: CallRecord) -> asyncio.Task[None]:
        """Send ``path`` to ``address``; the record says where it is, also when that fails."""
        record.recording = shown(address)
        task = asyncio.create_task(self._send(path, address, record))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def close(self) -> None:
        """Let files that are on their way arrive, then leave them where they are."""
        if self._sending:
            _, pending = await asyncio.wait(self._sending, timeout=CLOSE_SECONDS)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _send(self, path: Path, address: str, record: CallRecord) -> None:
        wrong = "the server stopped first"
        try:
            for wait in self.waits:
                await asyncio.sleep(wait)
                wrong = await self._attempt(path, address)
                if not wrong:
                    return
                logger.warning("call {}: its recording could not be sent: {}", record.id, wrong)
        finally:
            if wrong:
                record.recording = str(path)
                record.errors.append(f"recording: {shown(address)}: {wrong}; it is kept at {path}")
                self.changed(record)

    async def _attempt(self, path: Path, address: str) -> str:
        """Why the file could not be sent, or nothing; each store has errors of its own."""
        loop = asyncio.get_running_loop()
        sent = asyncio.ensure_future(loop.run_in_executor(self._threads, partial(_put, path, address)))
        done, _ = await asyncio.wait({sent}, timeout=ATTEMPT_SECONDS)
        if not done:
            sent.cancel()
            return f"it took longer than {ATTEMPT_SECONDS:g} s"
        if error := sent.exception():
            return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_ERROR]
        return ""


def _put(path: Path, address: str) -> None:
    """Send the file and delete it here; blocks, and raises what the store's library raises."""
    from fsspec.core import url_to_fs

    store, there = url_to_fs(address)
    if parent := there.rpartition("/")[0]:
        store.makedirs(parent, exist_ok=True)
    store.put_file(str(path), there)
    path.unlink()


def _remove(path: Path, address: str) -> None:
    """Delete a file here and, where it was sent to an address, there; blocks as ``_put`` does."""
    from fsspec.core import url_to_fs

    path.unlink(missing_ok=True)
    if address:
        store, there = url_to_fs(address)
        if store.exists(there):
            store.rm_file(there)
