"""Records the audio of one call as both sides heard it: the caller left, the agent right."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from loguru import logger
from pipecat.frames.frames import (
    AudioRawFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
)

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.records.audio.destination import RecordingDestination
from agentrun.records.audio.side_mix import SideMix
from agentrun.records.audio.stereo_file import SoundFile
from agentrun.tools.running.threads import Threads
from agentrun.transports import mulaw
from agentrun.transports.connection import Connection

PERIOD_SECONDS = 1.0
"""Between two writes."""
HOLD_SECONDS = 1.0
"""How long to wait to tell whether the caller paused, or the network did."""
BEHIND_SECONDS = 2.0
"""How far the file lags behind the call; a killed process loses this much, and one period."""
MOST_BEHIND_SECONDS = 30.0
"""A recording is given up if the disk is slower than this, since the audio would fill the memory."""
CLOSE_SECONDS = 10.0
T = TypeVar("T")


class Recording(Protocol):
    """The recording of one call."""

    async def discard(self) -> bool:
        """Stop, and delete what was recorded; whether nothing of it is left."""

    async def finish(self) -> None:
        """Store the audio at the end of the call; the record says where, or what went wrong."""


class Recordings(Protocol):
    """Starts recordings, and owns their remaining work after the calls."""

    def begin(self, plan: Plan, connection: Connection, record: CallRecord) -> Recording | None:
        """Start to record a call; None if its spec does not ask for it."""


def begin(
    recordings: Recordings | None, plan: Plan, connection: Connection, record: CallRecord
) -> Recording | None:
    """Start the recording of a call; None if there is none, or it can't be started.

    The call goes on without it then, and its record says so.
    """
    try:
        return recordings.begin(plan, connection, record) if recordings else None
    except Exception as error:  # noqa: BLE001 - no caller is left in silence for it
        record.errors.append(f"recording: it could not be begun: {error!r}")
        logger.opt(exception=error).error("the recording of call {} could not be begun", record.id)
        return None


class Recorder:
    """Records both sides of a transport; second 0 is when this object was created.

    The agent's sound is taken after the transport has played it, so what a caller cut is not in it. What goes
    wrong with the file stands in the record's errors, and the call goes on.

    Pipecat's ``AudioBufferProcessor`` fills a pause between packets with silence, and appends the packets
    that were only late behind it: 60 s with a stall of half a second in every two came out as 74 s.
    """

    def __init__(self, target: RecordingDestination, connection: Connection, record: CallRecord) -> None:
        self._clock = asyncio.get_running_loop().time
        self._began = self._written = self._clock()
        self._record = record
        rate = max(connection.sample_rate_in, connection.sample_rate_out)
        self._caller = SideMix(connection.sample_rate_in, rate, HOLD_SECONDS)
        self._agent = SideMix(connection.sample_rate_out, rate, hold=0.0)
        self._over = asyncio.Event()
        self._broken = False
        self._file: SoundFile | None = None
        self._thread = Threads(f"recording-{record.id}", most=1)
        if connection.caller_audio:
            connection.caller_audio.listen(self._came_by_telephone)
        else:
            connection.transport.input().add_event_handler("on_before_push_frame", self._came_in)
        connection.transport.output().add_event_handler("on_before_push_frame", self._went_out)
        self.path = target.part(target.name(record.agent, record.id, record.started))
        self._discarding: asyncio.Task[bool] | None = None
        self._writing = asyncio.create_task(self._write(partial(SoundFile, self.path, target.format, rate)))

    async def discard(self) -> bool:
        """Stop, and delete what was recorded; whether nothing of it is left.

        It goes on when whoever asked is gone: the caller may hang up at once. The record says when it was
        deleted, or why it could not be.
        """
        if self._discarding is None:
            self._discarding = asyncio.create_task(self._discard())
        return await asyncio.shield(self._discarding)

    async def _discard(self) -> bool:
        self._over.set()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.wait({self._writing})
                await self._aside(partial(self.path.unlink, missing_ok=True))
        except (OSError, TimeoutError) as error:
            self._record.errors.append(
                f"recording: it was to be deleted, and is still at {self.path}: "
                f"{error or 'the disk did not answer'}"
            )
            return False
        self._record.recording, self._record.recording_deleted = "", self._record.elapsed()
        return True

    async def finish(self) -> Path | None:
        """Write the rest; returns the file, or None if there is no useful one."""
        if self._discarding:
            await asyncio.wait({self._discarding})
            return None
        self._over.set()
        done, _ = await asyncio.wait({self._writing}, timeout=CLOSE_SECONDS)
        if not done:
            self._fail("the disk did not answer")
            self._writing.cancel()
            return None
        return self._file.path if self._file else None

    async def _write(self, make: Callable[[], SoundFile]) -> None:
        try:
            self._file = await self._aside(make)
            self._record.recording = str(self._file.path)
            while not self._broken:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), PERIOD_SECONDS)
                over = self._over.is_set()
                if self._discarding:
                    break
                await self._append(0.0 if over else BEHIND_SECONDS)
                if over:
                    break
        except Exception as error:  # noqa: BLE001 - whatever an encoder raises, the call goes on without it
            self._fail(_words(error))
        if self._file:
            await self._close(self._file)

    async def _append(self, behind: float) -> None:
        """Write the audio until ``behind`` seconds ago; 0 writes all of it."""
        now = self._clock()
        until, last = now - self._began - behind, behind == 0
        if until <= 0 or self._file is None or self._broken:
            return
        left, right = self._caller.take(until, last=last), self._agent.take(until, last=last)
        await self._aside(partial(self._file.write, left, right))
        self._written = now

    async def _close(self, file: SoundFile) -> None:
        try:
            await self._aside(file.close)
        except Exception as error:  # noqa: BLE001 - each encoder has errors of its own
            self._fail(_words(error))

    async def _aside(self, work: Callable[[], T]) -> T:
        """Run blocking work in this recording's thread, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _came_in(self, _transport: Any, frame: Frame) -> None:
        if isinstance(frame, InputAudioRawFrame):
            self._add(self._caller, frame, ends=self._clock() - self._began)

    def _came_by_telephone(self, sound: bytes) -> None:
        frame = InputAudioRawFrame(mulaw.decode_pcm(sound), mulaw.RATE, 1)
        self._add(self._caller, frame, ends=self._clock() - self._began)

    def _went_out(self, _transport: Any, frame: Frame) -> None:
        now = self._clock() - self._began
        if isinstance(frame, OutputAudioRawFrame):
            self._add(self._agent, frame, ends=now + frame.num_frames / frame.sample_rate)
        elif isinstance(frame, InterruptionFrame):
            self._agent.cut(now)

    def _add(self, side: SideMix, frame: AudioRawFrame, ends: float) -> None:
        if self._broken or self._over.is_set():
            return
        if self._clock() - self._written > MOST_BEHIND_SECONDS:
            self._fail("the disk is too slow")
        elif frame.sample_rate != side.rate:
            self._fail(f"sound came at {frame.sample_rate} Hz instead of {side.rate} Hz")
        else:
            side.add(getattr(frame, "user_id", ""), mono(frame), ends)

    def _fail(self, reason: str) -> None:
        """Give up, once: nothing more is recorded, and the call goes on."""
        if not self._broken:
            self._broken = True
            self._record.errors.append(f"recording: {reason}")
            logger.error("call {}: its sound can't be recorded: {}", self._record.id, reason)


def _words(error: Exception) -> str:
    """The error in words: an OSError's own text, or the text of another with its type."""
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def mono(frame: AudioRawFrame) -> bytes:
    """The audio of a frame as 16-bit mono samples."""
    if frame.num_channels == 1:
        return frame.audio
    sound = np.frombuffer(frame.audio, np.int16).reshape(-1, frame.num_channels)
    return bytes(sound.mean(axis=1).astype(np.int16).tobytes())
