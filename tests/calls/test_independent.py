"""A call against a mock OpenAI server that nobody on this project wrote: ``@copilotkit/aimock``."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.caller import Caller
from tests.calls.desk import CORPUS, until
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
AIMOCK = ROOT / "node_modules" / ".bin" / "llmock"
QUESTION = "What are the men's college basketball scores tonight?"
ANSWER = "Duke beat North Carolina 78 to 71."
HELLO = "Hello! I know all about March Madness."


def fixtures() -> dict[str, object]:
    """What the mock server says: a transcript, a greeting, a tool call, an answer, and a tone for a voice."""
    tone = (np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000) * 8000).astype("<i2").tobytes()
    sound = {"audio": base64.b64encode(tone).decode(), "format": "pcm"}
    tool = {"toolCalls": [{"name": "get_mens_basketball_scores", "arguments": {}}]}
    asked = {"userMessage": "college basketball scores", "endpoint": "chat"}
    return {
        "fixtures": [
            {"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": QUESTION}}},
            {"match": {"endpoint": "speech"}, "response": sound},
            {"match": {**asked, "hasToolResult": False}, "response": tool},
            {"match": {**asked, "hasToolResult": True}, "response": {"content": ANSWER}},
            {"match": {"endpoint": "chat"}, "response": {"content": HELLO}},
        ]
    }


@contextlib.asynccontextmanager
async def aimock(folder: Path) -> AsyncIterator[str]:
    """Run the mock server; gives its base URL."""
    file = folder / "fixtures.json"
    file.write_text(json.dumps(fixtures()))
    port = free_port()
    options = ["-p", str(port), "-f", str(file), "--strict", "--log-level", "silent"]
    process = await asyncio.create_subprocess_exec(AIMOCK, *options)
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(20):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await client.get(f"http://127.0.0.1:{port}/health")
                    break
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def feed() -> AsyncIterator[str]:
    """The NCAA's scoreboard on loopback."""
    board = (ROOT / "plugins" / "data" / "ncaa_scoreboard_men.json").read_bytes()

    async def app(scope: dict[str, object], _receive: object, send: object) -> None:
        assert callable(send)
        if scope["type"] != "http":
            return
        kind = (b"content-type", b"application/json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind]})
        await send({"type": "http.response.body", "body": board})

    sock = bind("127.0.0.1", 0)
    async with serving(app, sock):
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    sock.close()


@pytest.mark.skipif(not shutil.which("node") or not AIMOCK.exists(), reason="needs Node and `npm ci`")
async def test_the_ncaa_agent_answers_a_call_with_an_independent_openai(tmp_path: Path) -> None:
    async with aimock(tmp_path) as base_url, feed() as scores:
        environ = {"OPENAI_API_KEY": "x", "OPENAI_BASE_URL": base_url, "NCAA_API_URL": scores}
        options = Options(port=0, insecure=True)
        async with running_server([ROOT / "agents" / "ncaa.yaml"], environ, options) as server:
            async with Caller().call(f"{server.url}/ncaa") as call:
                await call.hear_greeting()
                await call.say(CORPUS / "02_mens_scores.wav")
                heard = await call.hear_answer(silence=1.0)
            records = server.switchboard.records
            await until(lambda: (found := records.get("ncaa", call.call_sid)) and found.ended, 10)
            record = records.get("ncaa", call.call_sid)
    assert record is not None
    assert heard.seconds > 0.3
    assert [(entry.who, entry.name or entry.text) for entry in record.transcript] == [
        ("agent", HELLO),
        ("caller", QUESTION),
        ("tool", "get_mens_basketball_scores"),
        ("agent", ANSWER),
    ]
    assert "Duke" in record.transcript[2].text
    assert record.errors == []
