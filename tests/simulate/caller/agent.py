"""An agent that is not one: it answers speech with tones, over Twilio's webhook and stream."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

from agentrun.simulate.caller.sound.timeline import is_audible
from agentrun.transports.mulaw import RATE, Samples, encode

STREAM = """
<Response><Connect>
  <Stream url="{url}"><Parameter name="token" value="t1"/></Stream>
</Connect></Response>
"""


def tone(seconds: float, hertz: float = 440.0, volume: float = 0.3) -> Samples:
    """A tone at 8 kHz."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * time) * volume * 32_767).astype(np.int16)


def silence(seconds: float) -> Samples:
    """Nothing at 8 kHz."""
    return np.zeros(round(seconds * RATE), dtype=np.int16)


@dataclass
class ToneAgent:
    """What the agent does, and what it was sent. Times are in seconds."""

    greeting: float = 0.3
    answer: float = 0.3
    delay: float = 0.0
    endpointing: float = 0.2
    interruptible: bool = True
    hangs_up: bool = False
    close_code: int = 1000
    twiml: str = STREAM
    status: int = 200
    stream_url: str = ""
    first_words: tuple[str | bytes, ...] = ()
    records: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    signatures: list[tuple[str, str]] = field(default_factory=list)
    messages: list[list[dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def app(self) -> FastAPI:
        """The agent's server."""
        app = FastAPI()
        app.add_api_route("/desk/twilio/voice", self.voice, methods=["POST"])
        app.add_api_route("/desk/calls/{sid}", self.record)
        app.add_api_websocket_route("/desk/twilio/stream", self.stream)
        return app

    async def voice(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        self.forms.append(form)
        self.signatures.append((str(request.url), request.headers.get("X-Twilio-Signature", "")))
        url = self.stream_url or f"ws://{request.url.netloc}/desk/twilio/stream"
        return Response(self.twiml.format(url=url), self.status, media_type="text/xml")

    async def record(self, sid: str) -> Response:
        found = self.records.get(sid, self.records.get("*"))
        return Response(json.dumps(found), 200 if found else 404, media_type="application/json")

    async def stream(self, socket: WebSocket) -> None:
        await socket.accept()
        messages: list[dict[str, Any]] = []
        self.messages.append(messages)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _Conversation(self, socket, messages).run()


class _Conversation:
    def __init__(self, agent: ToneAgent, socket: WebSocket, messages: list[dict[str, Any]]) -> None:
        self.agent, self.socket, self.messages = agent, socket, messages
        self.sid = ""
        self.quiet: float | None = None
        self.playing = 0.0
        self.answers = 0

    async def run(self) -> None:
        while True:
            message = json.loads(await self.socket.receive_text())
            self.messages.append(message)
            event = message["event"]
            if event == "start":
                await self.begin(message["streamSid"])
            elif event == "media":
                await self.listen(base64.b64decode(message["media"]["payload"]))
            elif event == "mark" and self.agent.hangs_up and message["mark"]["name"] == "answer-1":
                await self.socket.close(self.agent.close_code)
                return

    async def begin(self, sid: str) -> None:
        self.sid = sid
        for words in self.agent.first_words:
            await (
                self.socket.send_bytes(words) if isinstance(words, bytes) else self.socket.send_text(words)
            )
        if self.agent.greeting:
            await self.play(self.agent.greeting, "greeting")

    async def listen(self, frame: bytes) -> None:
        self.playing = max(0.0, self.playing - 0.02)
        if is_audible(frame):
            self.quiet = 0.0
            if self.playing and self.agent.interruptible:
                self.playing = 0.0
                await self.send({"event": "clear"})
        elif self.quiet is not None:
            self.quiet += 0.02
            if self.quiet >= self.agent.endpointing:
                self.quiet = None
                await self.reply()

    async def reply(self) -> None:
        self.answers += 1
        await asyncio.sleep(self.agent.delay)
        if self.agent.answer:
            await self.play(self.agent.answer, f"answer-{self.answers}")

    async def play(self, seconds: float, mark: str) -> None:
        self.playing += seconds
        sound = encode(tone(seconds))
        for at in range(0, len(sound), 400):
            payload = base64.b64encode(sound[at : at + 400]).decode()
            await self.send({"event": "media", "media": {"payload": payload}})
        await self.send({"event": "mark", "mark": {"name": mark}})

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(json.dumps({**message, "streamSid": self.sid}))


class _Server(uvicorn.Server):
    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, log_level="error", log_config=None, lifespan="off"))
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def answering(agent: ToneAgent) -> AsyncIterator[ToneAgent]:
    """Serve ``agent`` on a free port while the block runs; ``agent.url`` is its webhook."""
    sock = socket.create_server(("127.0.0.1", 0))
    agent.url = f"http://127.0.0.1:{sock.getsockname()[1]}/desk"
    server = _Server(agent.app())
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await server.up.wait()
    try:
        yield agent
    finally:
        server.should_exit = True
        await task
