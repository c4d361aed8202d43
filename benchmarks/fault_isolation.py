"""What a healthy call hears while another call of the same process meets a fault.

One server, two agents: ``healthy`` speaks for 20 s, ``faulty`` is called beside it once for each fault; with
``block block`` a tool that blocks the loop is called twice, and has less time then. The healthy caller's ear
keeps a playout clock: a gap is silence between two pieces of the same speech. ``part_fault_isolation.py``
does so for the faults of each part.

    python benchmarks/fault_isolation.py [--port 29300] [fault …]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import itertools
import json
import os
import signal
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

WORDS = "one two three four five six seven eight nine ten " * 6
SECONDS = 20
RATE = 24_000
BOUND_MS = 100
TOOLS = ("swallow", "block", "spin", "request", "leave", "start")
PROVIDER = ("refused", "500", "429", "401", "hang", "cut", "html", "empty", "malformed")
FAULTS = ("none", *PROVIDER, *TOOLS, "reset")
PLUGIN = '''
import asyncio, contextlib, socket, sys, time
from agentrun import hookimpl, tool

@tool(timeout=3)
async def swallow() -> str:
    """Go on whatever happens."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

@tool(timeout=3)
async def block() -> str:
    """Hold the event loop."""
    time.sleep(30)
    return ""

@tool(timeout=3)
async def spin() -> str:
    """Compute."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        pass
    return ""

@tool(timeout=3)
async def request() -> str:
    """Ask a server that never answers, in a library that blocks."""
    with socket.create_server(("127.0.0.1", 0)) as deaf, socket.create_connection(deaf.getsockname()) as line:
        line.settimeout(20)
        line.recv(1)
    return ""

async def leave() -> str:
    """Exit."""
    sys.exit(3)

async def start() -> str:
    """Start a task that exits."""
    asyncio.create_task(leave())
    return ""

@hookimpl
def agentrun_tools():
    return [swallow, block, spin, request, leave, start]
'''
SPEC = """
name: {name}
transport: twilio
pipeline: {{llm: openai/gpt-4o, tts: {{model: openai/gpt-4o-mini-tts, voice: coral}}}}
prompts: {{system: "You are {name}.", greeting: {greeting}}}
tools: [{tools}]
"""


class Provider:
    """OpenAI over HTTP; the faulty agent's language model does as ``fault`` says."""

    def __init__(self) -> None:
        self.fault = "none"

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/audio/speech", self.speech)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/audio/transcriptions", self.transcribe)
        return app

    async def transcribe(self, _request: web.Request) -> web.Response:
        return web.json_response({"text": "Hello."})

    async def speech(self, request: web.Request) -> web.StreamResponse:
        text = (await request.json())["input"]
        long = text.startswith("one two")
        seconds = SECONDS if long else 1
        pcm = (9000 * np.sin(np.arange(RATE * seconds) * 0.1)).astype("<i2").tobytes()
        response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await response.prepare(request)
        for start in range(0, len(pcm), 9600):
            await response.write(pcm[start : start + 9600])
        await response.write_eof()
        return response

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        fault = self.fault
        if fault in ("500", "429", "401"):
            return web.json_response({"error": {"message": "no"}}, status=int(fault))
        if fault == "refused" and request.transport:
            request.transport.abort()
        if fault == "hang":
            await asyncio.sleep(60)
        if fault == "html":
            return web.Response(text="<html>no</html>", content_type="text/html")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if fault == "malformed":
            await response.write(b"data: {no json\n\n")
        elif fault in TOOLS and body["messages"][-1]["role"] != "tool":
            call = {"index": 0, "id": "c1", "function": {"name": fault, "arguments": "{}"}}
            await response.write(_chunk({"tool_calls": [call]}))
        elif fault != "empty":
            await response.write(_chunk({"content": "Certainly, that"}))
            if fault == "cut" and request.transport:
                request.transport.abort()
                return response
            await response.write(_chunk({"content": " is fine."}))
        await response.write(b"data: [DONE]\n\n")
        return response


def _chunk(delta: dict[str, Any]) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(data)}\n\n".encode()


class Caller:
    """A telephone call as Twilio carries it; ``gaps`` are in milliseconds.

    The caller says ``sound``, pieces of 20 ms in mu-law, and is silent then.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, sound: Iterable[bytes] = ()) -> None:
        self._session, self._url, self._sound = session, url, sound
        self.gaps: list[float] = []
        self.heard = 0.0
        self._until = 0.0
        self._sid, self._call = "MZ" + os.urandom(16).hex(), "CA" + os.urandom(16).hex()

    async def dial(self) -> None:
        """Call, and begin to listen and to send silence."""
        form = {"CallSid": self._call, "AccountSid": "AC0", "From": "+15551230001", "To": "+15551230002"}
        async with self._session.post(f"{self._url}/twilio/voice", data=form) as answer:
            stream = ET.fromstring(await answer.text()).find(".//Stream")  # noqa: S314 - our own server's
        assert stream is not None
        given = {p.attrib["name"]: p.attrib["value"] for p in stream.findall("Parameter")}
        self._socket = await self._session.ws_connect(stream.attrib["url"], compress=0)
        await self._socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {"streamSid": self._sid, "callSid": self._call, "tracks": ["inbound"], "accountSid": "AC0"}
        start["customParameters"] = given  # type: ignore[assignment]
        await self._socket.send_json({"event": "start", "streamSid": self._sid, "start": start})
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._be_silent())]

    async def _be_silent(self) -> None:
        due = time.monotonic()
        for sound in itertools.chain(self._sound, itertools.repeat(b"\xff" * 160)):
            if self._socket.closed:
                return
            media = {"track": "inbound", "payload": base64.b64encode(sound).decode()}
            await self._socket.send_json({"event": "media", "streamSid": self._sid, "media": media})
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _listen(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
            if event.get("event") == "media":
                now, seconds = time.monotonic(), len(base64.b64decode(event["media"]["payload"])) / 8000
                if self.heard and now > self._until:
                    self.gaps.append((now - self._until) * 1000)
                self._until = max(now, self._until) + seconds
                self.heard += seconds

    async def hang_up(self, *, reset: bool = False) -> None:
        """End the call; with ``reset`` the line is lost."""
        for task in self._tasks:
            task.cancel()
        if reset:
            self._socket._response.connection.transport.abort()  # type: ignore[union-attr]
            return
        with contextlib.suppress(ConnectionError):
            await self._socket.send_json({"event": "stop", "streamSid": self._sid, "stop": {}})
        await self._socket.close()


@asynccontextmanager
async def server(
    port: int, provider: int, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[str]:
    """Both agents and ``more``, served by a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "stubborn.py").write_text(PLUGIN)
        specs = {
            "healthy": (f'{{say: "{WORDS.strip()}"}}', ""),
            "faulty": ("Say hello.", ", ".join(f"stubborn.{tool}" for tool in TOOLS)),
        }
        for agent, (greeting, tools) in specs.items():
            (folder / f"{agent}.yaml").write_text(SPEC.format(name=agent, greeting=greeting, tools=tools))
        for agent, spec in more.items():
            (folder / f"{agent}.yaml").write_text(spec)
        environ = {
            **os.environ,
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{provider}/v1",
        }
        names = [f"{agent}.yaml" for agent in (*specs, *more)]
        command = [sys.executable, "-m", "agentrun", "serve", *names]
        options = ["--port", str(port), "--insecure", "--records", "none"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *options,
            cwd=folder,
            env=environ,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                print("the server did not end at SIGINT")
                process.kill()


async def beside(session: aiohttp.ClientSession, url: str, provider: Provider, fault: str) -> Caller:
    """A healthy call, with a faulty one in the middle of its speech."""
    provider.fault = fault
    healthy, faulty = Caller(session, f"{url}/healthy"), Caller(session, f"{url}/faulty")
    await healthy.dial()
    await asyncio.sleep(3)
    await faulty.dial()
    await asyncio.sleep(5 if fault == "reset" else 13)
    await faulty.hang_up(reset=fault == "reset")
    await asyncio.sleep(2)
    await healthy.hang_up()
    return healthy


async def main(port: int, faults: list[str]) -> int:
    """Print a line for each fault; the number of faults with a gap."""
    provider = Provider()
    runner = web.AppRunner(provider.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port + 1).start()
    audible = 0
    async with aiohttp.ClientSession() as session, server(port, port + 1) as url:
        async with asyncio.timeout(120):
            while not await is_ready(session, url):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.5)
        for fault in faults:
            call = await beside(session, url, provider, fault)
            worst = max(call.gaps, default=0.0)
            audible += worst >= BOUND_MS
            print(f"{fault:10} heard {call.heard:5.1f} s, worst gap {worst:6.0f} ms", flush=True)
    await runner.cleanup()
    return audible


async def is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/ready") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=29300)
    parser.add_argument("faults", nargs="*", choices=FAULTS, default=FAULTS)
    asked = parser.parse_args()
    sys.exit(1 if asyncio.run(main(asked.port, list(asked.faults))) else 0)
