"""Pipecat's own JavaScript client from npm, with a page that was written for Pipecat's runner."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from agentrun.records import CallRecord
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import until

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "node_modules"
ESBUILD = PACKAGES / ".bin" / "esbuild"
CLIENT = PACKAGES / "@pipecat-ai" / "small-webrtc-transport"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(not chromium.MISSING, chromium.REASON),
    pytest.mark.needs(ESBUILD.exists() and CLIENT.exists(), "Pipecat's client is not installed: npm ci"),
]
PAGE = """
import { PipecatClient } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport, WavMediaManager } from "@pipecat-ai/small-webrtc-transport";
window.seen = [];
const note = (name) => (data) => window.seen.push([name, data === undefined ? null : data]);
window.client = new PipecatClient({
  // the usual one loads code from a server of Daily's
  transport: new SmallWebRTCTransport({ mediaManager: new WavMediaManager() }),
  enableMic: true,
  enableCam: false,
  callbacks: {
    onBotReady: note("ready"), onTransportStateChanged: note("state"), onError: note("error"),
    onBotOutput: note("output"), onBotTtsText: note("tts"), onBotLlmText: note("llm"),
    onServerMessage: note("server"),
  },
});
"""
SPEC = """
name: desk
transport: local
prompts:
  system: The user is {{ call.body.user or "unknown" }}.
  greeting: {say: Hello there.}
  apology: Sorry.
"""


@dataclass
class Served:
    """A server, and a page of its origin that holds Pipecat's client."""

    server: RunningServer
    page: Page

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def until(self, condition: str, seconds: float = 20) -> None:
        await self.page.wait_for_function(condition, timeout=seconds * 1000)

    def calls(self) -> list[CallRecord]:
        return self.server.switchboard.records.newest()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page's script with the packages in it."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.js").write_text(PAGE)
    (folder / "node_modules").symlink_to(PACKAGES)
    command = [str(ESBUILD), "page.js", "--bundle", "--format=iife", "--log-level=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.fixture
async def served(tmp_path: Path, bundle: str) -> AsyncIterator[Served]:
    (tmp_path / "desk.yaml").write_text(SPEC)
    answers = ScriptedBrain((Answer("You wrote to me."),) * 3)
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), answers) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "HOME": str(tmp_path)}
        async with (
            running_server([tmp_path / "desk.yaml"], environ, Options(port=0)) as server,
            talk(server.url) as talking,
        ):
            html = f"<!doctype html><title>A page of Pipecat's</title><script>{bundle}</script>"
            await talking.page.route(
                "**/client", lambda route: route.fulfill(content_type="text/html", body=html)
            )
            await talking.page.goto(f"{server.url}/client")
            yield Served(server, talking.page)


async def test_start_bot_and_connect_begins_a_call_that_knows_its_user(served: Served) -> None:
    await served.run(
        "() => client.startBotAndConnect({endpoint: location.origin + '/start', "
        "requestData: {body: {user: 'u_1'}}})"
    )
    await served.until("() => seen.some(([name]) => name === 'ready')")
    (record,) = served.calls()
    session = served.server.switchboard.session("desk", record.id)
    assert session is not None
    assert session.call.parameters == {"user": "u_1"}
    await served.run("() => client.sendText('Is anybody there?')")
    await served.until("() => JSON.stringify(seen).includes('wrote to me')")
    await served.run("() => client.disconnect()")
    await until(lambda: bool(record.ended_by), 20)
    assert (record.ended_by, len(served.calls())) == ("caller", 1)


async def test_a_browser_whose_network_changes_stays_on_its_call(served: Served) -> None:
    await served.run("() => client.connect({webrtcUrl: location.origin + '/api/offer'})")
    await served.until("() => seen.some(([name]) => name === 'ready')")
    (record,) = served.calls()
    session = served.server.switchboard.session("desk", record.id)
    await served.run("() => client.transport.attemptReconnection(true)")
    await served.until("() => client.transport.pc && client.transport.pc.connectionState === 'connected'")
    await served.run("() => new Promise((done) => setTimeout(done, 4000))")
    assert len(served.calls()) == 1
    assert served.server.switchboard.session("desk", record.id) is session
    assert not record.ended_by
    assert [entry.text for entry in record.transcript] == ["Hello there."]
    await served.run("() => client.sendText('Is anybody there?')")
    await served.until("() => JSON.stringify(seen).includes('wrote to me')")
