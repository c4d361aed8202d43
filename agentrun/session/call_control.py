"""What tools can do on the call."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import httpx
from pipecat.pipeline.worker import PipelineWorker

from agentrun.call import NoLineError
from agentrun.errors import SpokenOverError, ToolError
from agentrun.records import CallRecord
from agentrun.session.open_line import End, OpenLine
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.dtmf import DtmfKeys
from agentrun.session.speech.partings import SPOKEN_OVER, Partings
from agentrun.session.speech.transfers import NO_TELEPHONE, TRANSFERRED, Transfers
from agentrun.session.thread_bridge import ThreadBridge
from agentrun.session.tracking.audio_recorder import Recording
from agentrun.session.tracking.live_sound import LiveSound
from agentrun.spec.models.agent import AgentSpec
from agentrun.tools.call_tools import CallTools
from agentrun.tools.tool import Tool
from agentrun.transports.connection import Connection

T = TypeVar("T")
_POLL_SECONDS = 0.05
WAIT_WORDS_SECONDS = 4.0
"""Silence during a tool call after which the caller hears ``prompts.wait``."""
_NOT_DELETED = (
    "The recording has stopped, but what was recorded could not be deleted yet. Tell the caller so."
)


class SessionCallControl:
    """Implements ``agentrun.call.Line``: open once the pipeline is built, closed when the call ends."""

    def __init__(self, connection: Connection, http: httpx.AsyncClient, spec: AgentSpec) -> None:
        self.http = http
        self.wait_words = spec.prompts.wait
        """What a caller hears while they wait for a tool; None for nothing."""
        self._led_by_tool, self._led_until = 0, 0.0
        self.tools = CallTools(spec.limits.tool_rounds)
        self._control = connection.control
        self._keys = connection.control is not None or connection.keys
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadBridge(self._loop)
        self._now: OpenLine | None = None
        self.transfers = Transfers(connection.control)
        self._partings = Partings()
        self.recording: Recording | None = None
        """The recording of this call's audio, if there is one."""
        self.sound = LiveSound(connection, is_allowed=spec.record.may_listen)
        """The audio for people who listen to the call live."""

    def open(
        self,
        voice: Announcements,
        worker: PipelineWorker,
        response_deadline: ResponseDeadline,
        idle: IdlePrompts,
        nobody_speaks: Callable[[], bool],
        end: End,
        go_on_as: Callable[[str], Awaitable[None]],
        record: CallRecord,
    ) -> None:
        """Open the line: tools can speak from now on. Keys that no tool collects go into ``record``."""
        keys = DtmfKeys(worker, record)
        self._now = OpenLine(voice, response_deadline, idle, nobody_speaks, end, keys, go_on_as)

    def on_key(self, take: Callable[[str], bool]) -> None:
        """Pass keys that no tool collects to ``take``, which returns whether it has used them."""
        self._line().keypad.take = take

    def of(self, connection: Connection) -> Connection:
        """``connection`` with this line set in its call."""
        return replace(connection, call=replace(connection.call, line=self))

    async def close(self) -> None:
        """Close the line at the end of the call, and release the threads that wait for it."""
        self._now = None
        self.transfers.close()
        self.sound.close()
        self._threads.close()
        await self.tools.close()

    async def say(self, text: str) -> None:
        line = self._line()
        line.response_deadline.words_promised()
        await line.voice.say(text)

    async def bridge(self, tool: Tool) -> None:
        """While ``tool`` runs, say its ``say`` once nobody has spoken for its ``say_after``.

        Then, and for a tool without ``say``, say ``prompts.wait`` whenever nobody has spoken for
        ``WAIT_WORDS_SECONDS``, counting the silence of previous tools. Says nothing during a tool that leads
        the conversation itself, such as one that collects keys.
        """
        if tool.say:
            await self._silence(tool.say_after)
            await self.say(tool.say)
        while self.wait_words:
            line = self._line()
            since = line.response_deadline.silent_since if self._is_quiet(line) else None
            await self._silence(WAIT_WORDS_SECONDS, since=since)
            await self.say(self.wait_words)

    async def reassure(self) -> None:
        """Say ``prompts.wait`` if tools and model together have been silent for ``WAIT_WORDS_SECONDS``.

        Not with a realtime model, which would say them instead of its answer.
        """
        line = self._line()
        if not (self.wait_words and line.voice.has_own_voice and self._is_quiet(line)):
            return
        since = max(line.response_deadline.silent_since, self._led_until)
        if self._loop.time() - since >= WAIT_WORDS_SECONDS:
            await self.say(self.wait_words)

    async def quiet(self, seconds: float, most: float = math.inf) -> None:
        with self._led():
            await self._silence(seconds, most, leading=1)

    async def _silence(
        self, seconds: float, most: float = math.inf, leading: int = 0, since: float | None = None
    ) -> None:
        """Wait for ``seconds`` of silence from now or ``since``, while at most ``leading`` tools lead."""
        line, clock = self._line(), self._loop.time
        began, since = clock(), clock() if since is None else since
        while True:
            await asyncio.sleep(min(_POLL_SECONDS, seconds))  # a tool that has just begun may begin to lead
            if not self._is_quiet(line, leading):
                since = clock()
            if clock() - since >= seconds or clock() - began >= most:
                return

    def _is_quiet(self, line: OpenLine, leading: int = 0) -> bool:
        """Whether nobody speaks or is about to, and at most ``leading`` tools lead the conversation."""
        return self._led_by_tool <= leading and line.nobody_speaks() and not line.voice.about_to_speak

    async def announce(self, text: str, *, remembered: bool) -> bool:
        """Say ``text``, added to the context if ``remembered``; returns whether all of it was heard."""
        before = (line := self._line()).voice.cuts.count
        await self._speak(line, text, remembered=remembered)
        return line.voice.cuts.count == before

    async def _part(self, line: OpenLine, words: str, *, goodbye: bool) -> None:
        """Say the last ``words``, ignoring noises; raises SpokenOverError if somebody speaks over them.

        Of a ``goodbye``, says only what the model is not saying already.
        """
        before = line.voice.cuts.count
        words = await line.voice.answer.unsaid(words) if goodbye else words
        whole = await self._speak(line, words, insists=True)
        if not whole or (line.voice.cuts.count != before and not await line.voice.cuts.was_noise(before)):
            raise SpokenOverError(SPOKEN_OVER)

    @contextlib.contextmanager
    def _led(self) -> Iterator[None]:
        """Let a tool lead the conversation while the block runs."""
        self._led_by_tool += 1
        try:
            yield
        finally:
            self._led_by_tool -= 1
            self._led_until = self._loop.time()

    async def count_silence_anew(self) -> None:
        if self._now:
            await self._now.idle.caller_spoke()

    async def heard(self) -> None:
        await self._line().voice.heard()

    async def hang_up(self, words: str) -> None:
        line = self._line()
        with self._partings.only("hang_up"):
            await self._part(line, words, goodbye=True)
            await line.end("agent", "the agent hung up")

    async def transfer(self, to: str, words: str) -> None:
        line = self._line()
        if self._control is None:
            raise ToolError(NO_TELEPHONE)
        with self._partings.only("transfer"):
            await self._part(line, words, goodbye=False)
            await self.transfers.to(to)
            await line.end("agent", TRANSFERRED)

    async def hand_over(self, to: str, words: str) -> None:
        line = self._line()
        with self._partings.only("hand_over"):
            await self._speak(line, words)
            await line.go_on_as(to)

    async def send_digits(self, digits: str) -> None:
        line = self._line()
        if self._control is None:
            raise ToolError(NO_TELEPHONE)
        await line.voice.press(digits)

    async def collect_digits(self, words: str, most: int, finish: str, timeout: float) -> str:
        line = self._line()
        if not self._keys:
            raise ToolError(NO_TELEPHONE)
        with line.keypad.kept() as keys, self._led():
            await self._speak(line, words)
            return await keys.collect(most, finish, timeout)

    async def wait(self, seconds: float) -> None:
        await self._line().idle.pause(seconds)

    async def stop_recording(self) -> bool:
        self._line()
        self.sound.close("the caller doesn't want to be recorded")
        if self.recording is None:
            return False
        if not await self.recording.discard():
            raise ToolError(_NOT_DELETED)
        return True

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._threads.run(work, is_open=self._now is not None)

    async def _speak(
        self, line: OpenLine, words: str, *, remembered: bool = True, insists: bool = False
    ) -> bool:
        if words:
            line.response_deadline.words_promised()
        whole = not words or await line.voice.say_whole(words, remembered=remembered, insists=insists)
        await line.voice.heard()
        return whole

    def _line(self) -> OpenLine:
        if self._now is None:
            raise NoLineError("the call is over")
        return self._now
