"""The audio of a call for live listening: the caller left, the agent right."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame, InputAudioRawFrame, InterruptionFrame, OutputAudioRawFrame

from agentrun.records.audio.side_mix import SideMix
from agentrun.session.tracking.audio_recorder import mono
from agentrun.transports import mulaw
from agentrun.transports.connection import Connection

PERIOD_SECONDS = 0.1
"""The length of a chunk of audio for listeners, in seconds."""
DELAY_SECONDS = 0.2
"""How far listeners are behind the call; packets that are later than this are heard later."""
MOST_BEHIND_SECONDS = 1.0
"""Audio that waits longer is skipped, so that listeners don't fall further and further behind."""
HOLD_SECONDS = 0.1
BACKLOG_SECONDS = 5.0
"""A listener who is this far behind is disconnected."""
MOST_LISTENERS = 4
"""Of one call."""
OVER = "the call is over"
FORBIDDEN = "the agent's spec does not let anybody listen (record.listen)"
SLOW = "it could not be sent as fast as it was spoken"
_BEFORE_PUSH = "on_before_push_frame"


class ListenError(Exception):
    """Nobody may listen now; the message says why."""


class Listener:
    """Receives the audio of a call: 16-bit little-endian stereo in chunks of ``PERIOD_SECONDS``.

    ``reason`` is empty while it goes on, and says then why it has ended.
    """

    def __init__(self, leave: Callable[[Listener], None], ended: Callable[[], None]) -> None:
        self._leave = leave
        self._ended = ended
        self._pieces: deque[bytes] = deque()
        self._more = asyncio.Event()
        self.reason = ""

    def give(self, piece: bytes) -> None:
        """The next piece; returns at once."""
        if len(self._pieces) * PERIOD_SECONDS >= BACKLOG_SECONDS:
            self.end(SLOW)
            return
        self._pieces.append(piece)
        self._more.set()

    async def take(self) -> bytes:
        """The next piece; nothing once it has ended."""
        while not self._pieces and not self.reason:
            self._more.clear()
            await self._more.wait()
        return self._pieces.popleft() if self._pieces else b""

    def end(self, reason: str) -> None:
        """No more comes, for a ``reason`` in words; of someone slow, what was not taken is forgotten."""
        if self.reason:
            return
        self.reason = reason
        if reason == SLOW:
            self._pieces.clear()
        self._more.set()
        self._leave(self)
        self._ended()


class LiveSound:
    """Streams the audio of one call to listeners; it is captured only while somebody listens.

    ``rate`` is in Hz. Nothing here waits for a listener, and no error of one reaches the call.
    """

    def __init__(self, connection: Connection, *, is_allowed: bool) -> None:
        self.rate = max(connection.sample_rate_in, connection.sample_rate_out)
        self._line = connection
        self._listeners: list[Listener] = []
        self._closed = "" if is_allowed else FORBIDDEN
        if connection.written:
            self._closed = "the call is in writing"
        self._mixing: asyncio.Task[None] | None = None

    @property
    def refusal(self) -> str:
        """Why nobody may listen, in words; empty if they may."""
        if not self._closed and len(self._listeners) >= MOST_LISTENERS:
            return f"{MOST_LISTENERS} listen already"
        return self._closed

    def listen(self, ended: Callable[[], None]) -> Listener:
        """Start to listen; ``ended`` is called once when it is over. Raises ListenError."""
        if self.refusal:
            raise ListenError(self.refusal)
        listener = Listener(self._remove, ended)
        self._listeners.append(listener)
        if self._mixing is None:
            self._mixing = asyncio.create_task(self._mix(_Tap(self._line, self.rate)))
        return listener

    def close(self, reason: str = OVER) -> None:
        """End all listening, and refuse it from now on, for ``reason``."""
        self._closed = self._closed or reason
        for listener in list(self._listeners):
            listener.end(reason)

    def _remove(self, listener: Listener) -> None:
        self._listeners.remove(listener)
        if not self._listeners and self._mixing:
            self._mixing.cancel()
            self._mixing = None

    async def _mix(self, tap: _Tap) -> None:
        clock = asyncio.get_running_loop().time
        began, count = clock(), 0
        try:
            while True:
                count += 1
                await asyncio.sleep(began + count * PERIOD_SECONDS + DELAY_SECONDS - clock())
                piece = tap.take(count * PERIOD_SECONDS)
                for listener in list(self._listeners):
                    listener.give(piece)
        finally:
            tap.close()


class _Tap:
    """Both sides of a line from when it was made until ``close``."""

    def __init__(self, line: Connection, rate: int) -> None:
        self._line = line
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._waiting = (bytearray(), bytearray())
        self._caller = SideMix(line.sample_rate_in, rate, HOLD_SECONDS)
        self._agent = SideMix(line.sample_rate_out, rate, hold=0.0)
        if line.caller_audio:
            line.caller_audio.listen(self._came_by_telephone)
        else:
            line.transport.input().add_event_handler(_BEFORE_PUSH, self._came_in)
        line.transport.output().add_event_handler(_BEFORE_PUSH, self._went_out)

    def close(self) -> None:
        """Take no more from the line."""
        if self._line.caller_audio:
            self._line.caller_audio.forget(self._came_by_telephone)
        else:
            self._line.transport.input().remove_event_handler(_BEFORE_PUSH, self._came_in)
        self._line.transport.output().remove_event_handler(_BEFORE_PUSH, self._went_out)

    def take(self, until: float) -> bytes:
        """Both sides from where the last piece ended to second ``until``."""
        for waiting, side in zip(self._waiting, (self._caller, self._agent), strict=True):
            waiting += side.take(until, most_behind=MOST_BEHIND_SECONDS)
        # a resampler is some samples behind
        size = min(map(len, self._waiting))
        pair = np.empty((size // 2, 2), "<i2")
        for channel, waiting in enumerate(self._waiting):
            pair[:, channel] = np.frombuffer(bytes(waiting[:size]), np.int16)
            del waiting[:size]
        return pair.tobytes()

    def _came_in(self, _transport: Any, frame: Frame) -> None:
        if isinstance(frame, InputAudioRawFrame) and frame.sample_rate == self._caller.rate:
            self._caller.add(getattr(frame, "user_id", ""), mono(frame), self._seconds)

    def _came_by_telephone(self, sound: bytes) -> None:
        self._caller.add("", mulaw.decode_pcm(sound), self._seconds)

    def _went_out(self, _transport: Any, frame: Frame) -> None:
        if isinstance(frame, OutputAudioRawFrame) and frame.sample_rate == self._agent.rate:
            self._agent.add("", mono(frame), self._seconds + frame.num_frames / frame.sample_rate)
        elif isinstance(frame, InterruptionFrame):
            self._agent.cut(self._seconds)

    @property
    def _seconds(self) -> float:
        return self._clock() - self._began
