"""The recordings of a process: started with calls, kept in a folder or uploaded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.records.audio.destination import RecordingDestination, shown
from agentrun.server.records.earlier_recordings import EarlierRecordings
from agentrun.server.records.uploads import LONGEST_ERROR, Upload, remove
from agentrun.session.tracking.audio_recorder import Recorder
from agentrun.tools.running.threads import Threads
from agentrun.transports.connection import Connection

WAITS = (0.0, 2.0, 10.0, 30.0)
"""Seconds before each attempt to upload a file."""
CLOSE_SECONDS = 10.0
"""How long uploads may take once the server stops."""
DELETE_SECONDS = 20.0
"""How long whoever wants a recording deleted waits for a thread that still sends it."""
MOST_AT_ONCE = 4
T = TypeVar("T")


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
        self._upload: Upload | None = None
        self._finish: asyncio.Task[None] | None = None
        self._deletion: asyncio.Task[bool] | None = None

    async def discard(self) -> bool:
        """Stop, and delete what was recorded instead of storing it; returns whether nothing is left.

        What was recorded of the same call before it came anew is deleted as well.
        """
        gone = await self._recorder.discard()
        left = await self._owner.earlier.delete(self._record.id, self, self._recorder.path, self._target)
        self._record.errors += [f"recording: it was to be deleted, and is still there: {one}" for one in left]
        return gone and not left

    async def delete(self) -> bool:
        """Stop it where it goes on, and delete what there is of it; whether nothing is left.

        What is still on its way after ``DELETE_SECONDS`` is deleted once its thread is done with it.
        """
        if self._deletion is None or (self._deletion.done() and not self._deletion.result()):
            self._deletion = self._owner.own(asyncio.create_task(self._delete()))
        done, _ = await asyncio.wait({self._deletion}, timeout=DELETE_SECONDS)
        if not done:
            words = "it is still being sent, and deleted after that"
            self._record.errors.append(f"recording: it was to be deleted: {words}")
            return False
        return self._deletion.result()

    async def _delete(self) -> bool:
        if self._finish:
            await asyncio.wait({self._finish})
        if self._path is None:
            return await self._recorder.discard()
        if self._upload:
            await self._upload.drop()
        removal = asyncio.ensure_future(asyncio.to_thread(remove, self._path, self._address))
        await asyncio.wait({removal})
        if error := removal.exception():
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_ERROR]
            self._record.errors.append(f"recording: it was to be deleted, and is still there: {reason}")
            return False
        self._record.recording, self._record.recording_deleted = "", self._record.elapsed()
        self._owner.changed(self._record)
        return True

    async def finish(self) -> None:
        """Store the file: in a folder at once, at an address after the call.

        It goes on when whoever asked is gone, for the file is moved in a thread.
        """
        if self._finish is None:
            self._finish = self._owner.own(asyncio.create_task(self._put_away()))
        await asyncio.shield(self._finish)

    async def _put_away(self) -> None:
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
            self._upload = self._owner.send(path, self._address, self._record)


class Recordings:
    """Owns every upload; calls ``changed`` with a record that has changed after its call.

    ``waits`` are the seconds before each attempt to send a file.
    """

    def __init__(self, changed: Callable[[CallRecord], None], waits: tuple[float, ...] = WAITS) -> None:
        self.changed = changed
        self.earlier = EarlierRecordings()
        self.waits = waits
        self._threads = Threads("uploads", MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, plan: Plan, connection: Connection, record: CallRecord) -> Recording | None:
        """Start to record a call; None if the spec does not ask for it or there is no audio."""
        target = plan.recording
        if target is None or connection.written or connection.call.transport == "eval":
            return None
        recording = Recording(Recorder(target, connection, record), record, target, self)
        self.earlier.add(record.id, recording)
        return recording

    def send(self, path: Path, address: str, record: CallRecord) -> Upload:
        """Upload ``path`` to ``address``; the record says where the file is, even if that fails."""
        record.recording = shown(address)
        upload = Upload(path, address, record, self._threads, self.waits, self.changed)
        self.own(upload.task)
        return upload

    def own(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """Have ``close`` wait for what is begun with a recording."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Wait a while for the uploads, then leave the files where they are."""
        ends = asyncio.get_running_loop().time() + CLOSE_SECONDS
        # what is put away is sent after that
        while self._tasks and (left := ends - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        pending = list(self._tasks)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
