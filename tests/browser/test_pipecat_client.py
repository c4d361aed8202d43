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
PACKAGE_NAMES = ("small-webrtc-transport", "websocket-transport", "client-react")
ARE_THERE = all((PACKAGES / "@pipecat-ai" / name).exists() for name in PACKAGE_NAMES)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(not chromium.MISSING, chromium.REASON),
    pytest.mark.needs(ESBUILD.exists() and ARE_THERE, "Pipecat's client is not installed: npm ci"),
]
PAGE = """
import { PipecatClient } from "@pipecat-ai/client-js";
import * as react from "@pipecat-ai/client-react";
import { SmallWebRTCTransport, WavMediaManager } from "@pipecat-ai/small-webrtc-transport";
import { WavMediaManager as SocketMediaManager, WebSocketTransport } from "@pipecat-ai/websocket-transport";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
window.seen = [];
const note = (name) => (data) => window.seen.push([name, data === undefined ? null : data]);
const make = (transport) => new PipecatClient({
  transport,
  enableMic: true,
  enableCam: false,
  callbacks: {
    onBotReady: note("ready"), onTransportStateChanged: note("state"), onError: note("error"),
    onBotOutput: note("output"), onBotTtsText: note("tts"), onBotLlmText: note("llm"),
    onServerMessage: note("server"), onMessageError: note("refused"), onUserTranscript: note("heard"),
  },
});
// the usual media managers load code from a server of Daily's
window.client = make(new SmallWebRTCTransport({ mediaManager: new WavMediaManager() }));
const manager = new SocketMediaManager(undefined, 16000);
window.overSocket = () => { window.client = make(new WebSocketTransport({ mediaManager: manager })); };
window.played = 0;
const buffer = manager.bufferBotAudio.bind(manager);
manager.bufferBotAudio = (data, id) => {
  for (const sample of data) window.played = Math.max(window.played, Math.abs(sample) / 32768);
  return buffer(data, id);
};
function Words() {
  const { messages } = react.usePipecatConversation({});
  const text = messages.flatMap(({ parts }) => parts).map(({ text }) => text?.spoken ?? text).join(" ");
  return createElement("p", { id: "react" }, `${react.usePipecatClientTransportState()}: ${text}`);
}
window.inReact = () => {
  const root = document.body.appendChild(document.createElement("div"));
  createRoot(root).render(createElement(react.PipecatClientProvider, { client }, createElement(Words)));
};
"""
PLUGIN = """
from agentrun import Call, ToolError, hookimpl

@hookimpl
def agentrun_client_message(call: Call, name: str, data: object):
    if name == "forbidden":
        raise ToolError("Not for guests.")
    return {"user": call.parameters.get("user"), "data": data} if name == "who-am-i" else None
"""
SPEC = """
name: desk
transport: local
prompts:
  system: The user is {{ call.body.user or "unknown" }}.
  greeting: {say: Hello there.}
  apology: Sorry.
"""
ASKED = """(name) => client.sendClientRequest(name, { lang: "de", none: null }).catch(
  (refused) => refused.data?.error ?? refused.message)"""


@dataclass
class Served:
    """A server, and a page of its origin that holds Pipecat's client."""

    server: RunningServer
    page: Page

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def start(self, **more: Any) -> None:
        """Begin a call as `startBotAndConnect` does, and wait until the agent is ready."""
        wanted = {"body": {"user": "u_1"}, **more}
        await self.page.evaluate(
            "(requestData) => client.startBotAndConnect({endpoint: location.origin + '/start', requestData})",
            wanted,
        )
        await self.until("() => seen.some(([name]) => name === 'ready')")

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
    (tmp_path / "desk.yaml").write_text(SPEC + "tools: [crm]\n")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "crm.py").write_text(PLUGIN)
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
    await served.start()
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


@pytest.mark.parametrize("is_socket", [False, True], ids=["webrtc", "websocket"])
async def test_a_request_of_the_page_is_answered_by_a_plugin_or_refused_at_once(
    served: Served, is_socket: bool
) -> None:
    if is_socket:
        await served.run("() => overSocket()")
    await served.start(**({"transport": "websocket"} if is_socket else {}))
    asked = await served.page.evaluate(ASKED, "who-am-i")
    assert asked == {"user": "u_1", "data": {"lang": "de", "none": None}}
    assert await served.page.evaluate(ASKED, "forbidden") == "Not for guests."
    assert "no plugin of 'desk' answers 'unknown'" in await served.page.evaluate(ASKED, "unknown")
    await served.run("() => client.sendClientMessage('unknown', {})")
    await served.until("() => seen.filter(([name]) => name === 'refused').length === 3")


async def test_a_page_talks_over_a_websocket(served: Served) -> None:
    await served.run("() => overSocket()")
    await served.start(transport="websocket")
    (record,) = served.calls()
    await served.until("() => played > 0.02")
    await until(lambda: bool(record.transcript), 20)
    await served.run("() => client.sendText('Is anybody there?')")
    await served.until("() => JSON.stringify(seen).includes('wrote to me')")
    # what is written comes before it is heard, and the record has what was heard
    await until(lambda: [entry.who for entry in record.transcript] == ["agent", "caller", "agent"], 20)
    await served.run("() => client.disconnect()")
    await until(lambda: bool(record.ended_by), 20)
    assert (record.ended_by, record.errors) == ("caller", [])


async def test_a_page_of_react_shows_the_conversation(served: Served) -> None:
    await served.run("() => inReact()")
    await served.start()
    await served.until("() => document.getElementById('react').textContent.startsWith('ready:')")
    await served.run("() => client.sendText('Is anybody there?')")
    await served.until("() => document.getElementById('react').textContent.includes('wrote to me')")
