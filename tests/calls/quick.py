"""Whole sessions without a telephone: words and sound go in and out in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InputDTMFFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import models
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from agentrun import plugins, spec
from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.records import CallRecord
from agentrun.session import Session
from agentrun.session.tracking.audio_recorder import Recordings
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault, Route
from agentrun.simulate.openai import OpenAIServer
from agentrun.testing import virtual_time
from agentrun.tools.tool import Tool
from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio
from agentrun.transports.connection import Connection, Control
from tests.calls.desk import until

SPEC = """
name: desk
transport: twilio
pipeline:
  style: {style}
  realtime: {{model: openai/gpt-4o-realtime-preview, turn_detection: {{type: server, silence: 200ms}}}}
{prompts}
turns: {{{turns}}}
limits: {{answer: 8s}}
"""
PROMPTS = "prompts: {system: You answer for a restaurant., greeting: {say: Hello.}, apology: I am sorry.}"
RATE = 16_000
SECONDS = 20.0
LOUD = (np.sin(np.arange(RATE * 3 // 10) * 0.3) * 12_000).astype("<i2").tobytes()
SILENCE = bytes(RATE)


class _Output(BaseOutputTransport):
    """Plays sound at the pace of speech; ``played`` is its length in seconds."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.played = 0.0
        self.sounds: list[tuple[float, float]] = []
        """When each piece of sound that is not silence began and ended, by the event loop's clock."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        seconds = len(frame.audio) / 2 / frame.sample_rate
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        if any(frame.audio):
            self.sounds.append((began, began + seconds))
        self.played += seconds
        return True


class _Input(BaseInputTransport):
    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.ready = asyncio.Event()

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.ready.set()


class QuickTransport(BaseTransport):
    """A transport in this process; a ``telephone`` brings the caller's sound in mu-law, past the pipeline."""

    def __init__(self, *, telephone: bool = False) -> None:
        super().__init__()
        self.audio = CallerAudio() if telephone else None
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        self._input, self._output = _Input(params), _Output(params)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> FrameProcessor:
        return self._input

    def output(self) -> FrameProcessor:
        return self._output

    async def connect(self) -> None:
        await self._call_event_handler("on_client_connected", None)

    async def hang_up(self) -> None:
        await self._call_event_handler("on_client_disconnected", None)

    async def hear(self, pcm: bytes) -> None:
        await self._input.ready.wait()
        if self.audio:
            code = mulaw.encode_pcm(np.frombuffer(pcm, "<i2")[::2].tobytes())
            for start in range(0, len(code), mulaw.FRAME_BYTES):
                self.audio.take(code[start : start + mulaw.FRAME_BYTES])
            return
        for start in range(0, len(pcm), 640):
            await self._input.push_audio_frame(InputAudioRawFrame(pcm[start : start + 640], RATE, 1))


@dataclass
class QuickCall:
    """A call that is up: what the caller does, and what everybody got."""

    style: str
    session: Session
    transport: QuickTransport
    brain: ScriptedBrain
    voice: ToneVoice
    openai: OpenAIServer

    @property
    def record(self) -> CallRecord:
        return self.session.record

    @property
    def agent_words(self) -> list[str]:
        """What the agent has said, whole or cut."""
        return [entry.text for entry in self.record.transcript if entry.who == "agent"]

    @property
    def tool_ended(self) -> bool:
        """Whether a tool's end is in the record."""
        return any(entry.who == "tool" for entry in self.record.transcript)

    @property
    def speaking(self) -> bool:
        return self.session.parts.speaking.agent

    def tool_results(self) -> list[str]:
        """What the model last read as the results of tools, and as messages about them."""
        return [str(m.get("content")) for m in self.brain.asked[-1].messages if _is_result(m)]

    async def say(self, words: str) -> None:
        """The caller speaks, over whatever is being said."""
        if self.style == "realtime":
            await self.transport.hear(LOUD + SILENCE)
            return
        frame = TranscriptionFrame(words, "caller", "2026-01-01T00:00:00Z")
        await self.session.parts.worker.queue_frame(frame)

    async def press(self, key: str) -> None:
        """The caller presses a key of the telephone."""
        await self.transport.input().push_frame(InputDTMFFrame(KeypadEntry(key)))

    async def play(self, pcm: bytes, done: Callable[[], object] = lambda: False) -> None:
        """The line brings ``pcm`` at the pace of speech, until it is ``done``."""
        for start in range(0, len(pcm), 640):
            if done():
                return
            await self.transport.hear(pcm[start : start + 640])
            await asyncio.sleep(0.02)

    async def write(self, words: str) -> None:
        """The caller writes in a page."""
        message = models.Message(type="send-text", id="1", data={"content": words})
        await self.session.parts.worker.rtvi.handle_message(message)

    async def until(self, done: Callable[[], object], seconds: float = SECONDS) -> None:
        await until(done, seconds)

    async def said(self, words: str) -> None:
        """Wait until the agent has said ``words``, and is silent."""
        await self.until(lambda: any(words in said for said in self.agent_words) and not self.speaking)


Talk = Callable[[QuickCall], Awaitable[None]]
"""What happens in a call."""


def _is_result(message: Mapping[str, Any]) -> bool:
    return message["role"] == "tool" or '"async_tool"' in str(message.get("content"))


@contextlib.asynccontextmanager
async def quick_call(
    folder: Path,
    style: str,
    tools: Sequence[Tool],
    answers: Sequence[Answer],
    *,
    resources: Resources,
    turns: str = "",
    control: Control | None = None,
    heard: Sequence[str] = ("Yes.",),
    more: str = "",
    prompts: str = PROMPTS,
    environ: Mapping[str, str] | None = None,
    greeted: bool = True,
    apology: bytes | None = None,
    detection: str = "transcription",
    faults: Mapping[Route, Fault] | None = None,
    overrides: Sequence[tuple[str, str]] = (),
    recordings: Recordings | None = None,
    page: bool = False,
    telephone: bool = False,
) -> AsyncIterator[QuickCall]:
    """A call in which the model gives ``answers``; the agent has said hello when the block begins.

    ``more`` is added to the spec; without ``greeted`` the block begins at once. ``faults`` are there from the
    beginning; in ``overrides`` of the spec ``{address}`` is the mock server's, without its scheme. With
    ``page`` the caller has a page, in which they can write; with ``telephone`` a realtime model is given
    their sound as it comes there.
    """
    path = folder / "desk.yaml"
    found = (f"detection: {detection}, silence: 100ms, " if style == "cascaded" else "") + turns
    path.write_text(SPEC.format(style=style, turns=found, prompts=prompts) + more)
    hello = [Answer("Hello.")] if style == "realtime" else []
    voice, brain = ToneVoice(), ScriptedBrain([*hello, *answers])
    async with OpenAIServer(ScriptedHearing(heard), voice, brain) as openai:
        given = {**(environ or {}), "OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        openai.conditions.faults.update(faults or {})
        address = openai.base_url.partition("://")[2]
        file = spec.load(path, [(key, value.format(address=address)) for key, value in overrides])
        plan = planning.make(file, [*plugins.load(file), *tools], given)
        transport = QuickTransport(telephone=telephone)
        call = Call(folder.name, "desk", "twilio", "+15551234567", environ=given)
        line: Any = {"control": control, "rtvi": page, "caller_audio": transport.audio}
        connection = Connection(call, transport, mulaw.RATE if telephone else RATE, 24_000, **line)
        session = Session(
            plan, connection, resources, CallRecord(call.id, "desk", "twilio"), apology, recordings
        )
        running = asyncio.create_task(session.run())
        quick = QuickCall(style, session, transport, brain, voice, openai)
        try:
            await transport.connect()
            if greeted:
                await quick.said("Hello.")
            yield quick
        finally:
            await transport.hang_up()
            await asyncio.wait_for(running, SECONDS)


def played(
    folder: Path, style: str, tools: Sequence[Tool], answers: Sequence[Answer], talk: Talk, **options: Any
) -> QuickCall:
    """A call on the virtual clock, as it is when it has ended."""

    async def run() -> QuickCall:
        async with (
            Resources() as resources,
            quick_call(folder, style, tools, answers, resources=resources, **options) as call,
        ):
            await talk(call)
        return call

    return virtual_time.run(run())


def calls(name: str, **arguments: Any) -> Answer:
    """The model calls a tool."""
    return Answer(calls=(ToolCall(name, arguments),))
