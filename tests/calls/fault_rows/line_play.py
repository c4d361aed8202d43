"""Plays what goes wrong on a telephone line: Twilio's messages over a WebSocket of this process."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, cast

from fastapi import WebSocket
from pipecat.frames.frames import TranscriptionFrame
from starlette.websockets import WebSocketState

from agentrun import plugins, spec
from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.records import CallRecord
from agentrun.session import Session
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.testing import virtual_time
from agentrun.transports import twilio
from agentrun.transports.twilio_start import Stream
from tests.calls.desk import until
from tests.calls.fault_rows import line
from tests.calls.fault_rows.play import MORE, PROMPTS, SENTENCES, SOUND, Played
from tests.calls.fault_rows.row import Row
from tests.calls.quick import SPEC

_SILENCE = {"event": "media", "media": {"payload": base64.b64encode(b"\xff" * 160).decode()}}


class Wire:
    """A WebSocket: 20 ms of silence after the other, until something else is to come or nothing any more."""

    def __init__(self) -> None:
        self.client_state = self.application_state = WebSocketState.CONNECTED
        self.sounds = 0
        self.next: dict[str, Any] | None = None
        self.is_silent = False

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0.02)
        if self.is_silent:
            await asyncio.Event().wait()
        given, self.next = self.next, None
        if given and given["type"] == "websocket.disconnect":
            self.client_state = WebSocketState.DISCONNECTED
        return given or {"type": "websocket.receive", "text": json.dumps(_SILENCE)}

    async def send_text(self, text: str) -> None:
        event = json.loads(text)
        if event["event"] == "media" and any(
            byte != 0xFF for byte in base64.b64decode(event["media"]["payload"])
        ):
            self.sounds += 1

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        self.client_state = self.application_state = WebSocketState.DISCONNECTED


def play(folder: Path, row: Row) -> Played:
    """The call of one row; its silence is not measured, for nobody hears it."""
    return virtual_time.run(_play(folder, row))


async def _play(folder: Path, row: Row) -> Played:
    path = folder / "desk.yaml"
    path.write_text(
        SPEC.format(
            style="cascaded", turns="detection: transcription", prompts=PROMPTS.format("{say: Hello.}")
        )
    )
    brain = ScriptedBrain([SENTENCES, MORE])
    async with (
        OpenAIServer(ScriptedHearing(["Yes."]), ToneVoice(), brain) as openai,
        Resources() as resources,
    ):
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        file = spec.load(path)
        plan = planning.make(file, plugins.load(file), environ)
        wire, call = Wire(), Call("CA1", "desk", "twilio", "+15551234567", environ=environ)
        connection = twilio.connect(cast(WebSocket, wire), Stream("MZ1", "CA1", {}), call, environ)
        session = Session(plan, connection, resources, CallRecord("CA1", "desk", "twilio"), SOUND)
        running = asyncio.create_task(session.run())
        await _come_to(session, wire, row)
        if row.name == "silent peer":
            wire.is_silent = True
        wire.next = line.MESSAGES[row.name] or None
        if row.goes_on:
            await until(lambda: wire.next is None, 30)
            await _ask(session)
            await until(lambda: SENTENCES.text in _said(session), 30)
            wire.next = line.MESSAGES["hung up"]
        await asyncio.wait_for(running, 60)
    return Played(_said(session), 0.0, session.record)


def _said(session: Session) -> list[str]:
    return [entry.text for entry in session.record.transcript if entry.who == "agent"]


async def _come_to(session: Session, wire: Wire, row: Row) -> None:
    """Wait for the row's moment."""
    await until(lambda: wire.sounds, 30)
    if row.moment == "greeting":
        return
    await until(lambda: _said(session) == ["Hello."], 30)
    if row.moment == "in mid answer":
        before = wire.sounds
        await _ask(session)
        await until(lambda: wire.sounds > before, 30)


async def _ask(session: Session) -> None:
    words = TranscriptionFrame("When are you open?", "caller", "2026-01-01T00:00:00Z")
    await session.parts.worker.queue_frame(words)
