"""A media stream as Twilio runs it, with audio and marks in frames of 20 ms."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from agentrun.simulate.caller.refusal import CallOverError
from agentrun.simulate.caller.sound.line_noise import LineNoise
from agentrun.simulate.caller.sound.timeline import Timeline, frames_of, sound_seconds
from agentrun.simulate.caller.twilio import incoming_messages
from agentrun.simulate.caller.twilio.incoming_messages import Mark, Media, ProtocolMistake
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.next_stream import WhatFollows
from agentrun.simulate.caller.twilio.outgoing_messages import CONNECTED, Messages
from agentrun.simulate.caller.twilio.playout_buffer import PlayoutBuffer
from agentrun.transports.mulaw import FRAME_BYTES, FRAME_SECONDS

EndedBy = Literal["caller", "agent", "server", "error"]
_SERVER_CODES = frozenset({1001, 1012})
"""WebSocket's codes for going away and for a restart."""


class Packet(NamedTuple):
    """A message: seconds since the start, its event, and the name of a mark, a digit or a size in bytes."""

    at: float
    event: str
    detail: str = ""


class MediaStream:
    """A stream that is connected, and the call that it belongs to.

    Sound goes both ways in frames of 20 ms in real time. All times are seconds since the ``start`` message:
    ``marks`` holds every mark that was echoed, ``clears`` when the agent cleared its sound, ``mistakes`` what
    Twilio would not have understood. ``unheard`` is the sound, in seconds, that the end of the call cut off.
    ``noise`` is the line's, on the caller's side.
    """

    def __init__(
        self,
        line: MediaSocket,
        messages: Messages,
        connect_seconds: float,
        noise: LineNoise | None = None,
    ) -> None:
        self.call_sid = messages.call_sid
        self.stream_sid = messages.stream_sid
        self.connect_seconds = connect_seconds
        self.timeline = Timeline()
        self.marks: list[tuple[float, str]] = []
        self.clears: list[float] = []
        self.sent: list[Packet] = []
        self.received: list[Packet] = []
        self.mistakes: list[str] = []
        self.ended_by: EndedBy | None = None
        self.reason = ""
        self.redirect = ""
        self.unheard = 0.0
        self.latest_tick = 0.0
        """Seconds by which the worst frame was late: a busy machine measures badly."""
        self.streams = 1
        """How many streams the call has had: another one when the agent's server takes it up again."""
        self._line = line
        self._messages = messages
        self._follows: WhatFollows | None = None
        self._noise = noise or LineNoise()
        self._playout_buffer = PlayoutBuffer()
        self._mouth: deque[bytes] = deque()
        self._ticked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = 0.0

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.ended_by is not None

    @property
    def speaking(self) -> bool:
        """Whether the caller is still saying something."""
        return bool(self._mouth) and not self.over

    @property
    def ahead(self) -> float:
        """Seconds of the agent's sound that have come and are still to be heard."""
        return self._playout_buffer.waiting / FRAME_BYTES * FRAME_SECONDS

    def start(self, parameters: Mapping[str, str], follows: WhatFollows | None = None) -> None:
        """Greet the agent's server as Twilio does, and let time run; ``follows`` is asked at its end."""
        self._follows = follows
        self._begun = asyncio.get_running_loop().time()
        self._line.send(CONNECTED)
        self._send("start", self._messages.start(parameters))
        for work in (self._run_clock(), self._run_receiving(), self._line.run_sending()):
            self._tasks.append(asyncio.create_task(work))

    def queue(self, sound: bytes) -> tuple[float, float]:
        """Send mu-law ``sound`` after what is still being sent; returns when it begins and ends."""
        self.require_up()
        start = self.timeline.seconds + len(self._mouth) * FRAME_SECONDS
        self._mouth.extend(frames_of(sound))
        return start, self.timeline.seconds + len(self._mouth) * FRAME_SECONDS

    def send_key(self, digit: str) -> None:
        """Tell the agent that a key was pressed."""
        self.require_up()
        self._send("dtmf", self._messages.dtmf(digit), digit)

    async def wait(self, seconds: float) -> None:
        """Be silent for ``seconds``, or until the call ends."""
        end = self.timeline.seconds + seconds
        await self.until(lambda: self.timeline.seconds >= end)

    async def until(self, done: Callable[[], bool], deadline: float | None = None) -> bool:
        """Wait, frame by frame, for ``done``; False when the call ends or ``deadline`` passes first."""
        while not done():
            if self.over or (deadline is not None and self.timeline.seconds >= deadline):
                return False
            await self._ticked.wait()
        return True

    async def hang_up(self) -> None:
        """The caller hangs up; nothing happens when the call has ended already."""
        self._end("caller", "the caller hung up")
        await self._closed()

    def drop(self) -> None:
        """The connection breaks without a word, as when a network fails."""
        self._end("error", "the connection was dropped", say_stop=False)
        self._line.drop()

    def complete(self, redirect: str = "") -> None:
        """The agent asked Twilio's REST API to end the stream; ``redirect`` is the TwiML that follows."""
        self.redirect = redirect
        self._end(
            "agent", "redirected over Twilio's REST API" if redirect else "ended over Twilio's REST API"
        )

    async def close(self) -> None:
        """Hang up if need be and put everything away; raises what went wrong inside."""
        await self.hang_up()
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    def require_up(self) -> None:
        """Raise CallOverError when the call has ended."""
        if self.ended_by is not None:
            raise CallOverError(f"the call is over: {self.reason}", self.ended_by)

    def _end(self, by: EndedBy, reason: str, *, say_stop: bool = True) -> None:
        if self.over:
            return
        self.ended_by, self.reason = by, reason
        self.unheard = sound_seconds(self._playout_buffer.unheard())
        if say_stop:
            self._send("stop", self._messages.stop())
        self._ticked.set()

    async def _closed(self) -> None:
        await asyncio.wait(self._tasks[:1])

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self._begun

    def _send(self, event: str, message: str, detail: str = "") -> None:
        self.sent.append(Packet(self._now(), event, detail))
        self._line.send(message)

    async def _run_clock(self) -> None:
        try:
            for number in itertools.count():
                late = self._now() - number * FRAME_SECONDS
                self.latest_tick = max(self.latest_tick, late)
                await asyncio.sleep(max(0.0, -late))
                if self.over:
                    return
                self._tick()
        finally:
            self._end("error", "the caller's clock stopped")
            await self._line.close()

    def _tick(self) -> None:
        frame = self._noise.beneath(self._mouth.popleft()) if self._mouth else self._noise.silence()
        self._send("media", self._messages.media(frame, self.timeline.seconds), str(len(frame)))
        dry = not self._playout_buffer.waiting
        sound, due = self._playout_buffer.play()
        self.timeline.add(frame, sound, dry=dry)
        self._echo(due)
        self._ticked.set()
        self._ticked = asyncio.Event()

    def _echo(self, names: list[str]) -> None:
        for name in names:
            self.marks.append((self.timeline.seconds, name))
            self._send("mark", self._messages.mark(name), name)

    async def _run_receiving(self) -> None:
        try:
            code, reason = await self._line.run_receiving(self._take)
            while not self.over and await self._next_stream():
                code, reason = await self._line.run_receiving(self._take)
            by: EndedBy = "agent" if code == 1000 else "server" if code in _SERVER_CODES else "error"
            words = f": {reason}" if reason else ""
            self._end(by, f"the agent's server closed the stream with {code}{words}", say_stop=False)
        finally:
            self._end("error", "a message of the agent's could not be taken")

    async def _next_stream(self) -> bool:
        """Whether the agent's server has another stream for a call whose stream it has closed."""
        following = await self._follows() if self._follows else None
        if following is None or self.over:
            return False
        self._line, self._messages, parameters, self._follows = following
        self.stream_sid, self.streams = self._messages.stream_sid, self.streams + 1
        self._playout_buffer = PlayoutBuffer()
        self._line.send(CONNECTED)
        self._send("start", self._messages.start(parameters))
        self._tasks.append(asyncio.create_task(self._line.run_sending()))
        return True

    def _take(self, text: str | bytes) -> None:
        if self.over:
            return
        message = incoming_messages.read(text, self.stream_sid)
        self.received.append(Packet(self._now(), message.event, message.detail))
        if isinstance(message, Media):
            self._playout_buffer.add(message.sound)
        elif isinstance(message, Mark):
            self._echo(self._playout_buffer.mark(message.detail))
        elif isinstance(message, ProtocolMistake):
            self.mistakes.append(message.detail)
        else:
            self.clears.append(self.timeline.seconds)
            self.timeline.interrupt()
            self._echo(self._playout_buffer.clear())
