"""A real browser whose requests come to any of a server's workers stays on its call."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Response

from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.browser import chromium
from tests.browser.chromium import talk
from tests.browser.test_pipecat_client import ARE_THERE, ESBUILD, SPEC, bundle
from tests.cli.serve_process import serving
from tests.cli.test_workers import records_of, workers
from tests.machines.rig import end, is_ready
from tests.ports import free_port

__all__ = ["bundle"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(150),
    pytest.mark.needs(not chromium.MISSING, chromium.REASON),
    pytest.mark.needs(ESBUILD.exists() and ARE_THERE, "Pipecat's client is not installed: npm ci"),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
]
RECONNECTIONS = 6
"""Of two workers one has the call: that it gets all of these is one chance in 64."""
PROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  option httpclose
listen calls
  bind 127.0.0.1:{port}
  server s {address}
"""
"""Each request has a connection of its own, which any worker may take."""


@contextlib.asynccontextmanager
async def served(folder: Path, script: str) -> AsyncIterator[Page]:
    """A page of Pipecat's client, from a server of two workers."""
    spec = folder / "desk.yaml"
    spec.write_text(SPEC.replace("transport: local", "transport: [twilio, local]"))
    answers = ScriptedBrain((Answer("You wrote to me."),) * 3)
    async with contextlib.AsyncExitStack() as stack:
        openai = await stack.enter_async_context(OpenAIServer(ScriptedHearing(()), ToneVoice(), answers))
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "HOME": str(folder)}
        options = ("--workers", "2", "--drain", "0s", "--records", records_of(folder))
        _, url = await stack.enter_async_context(serving(spec, given, *options))
        await workers(url, 2)
        port, config = free_port(), folder / "haproxy.cfg"
        config.write_text(PROXY.format(port=port, address=url.removeprefix("http://")))
        command = ("/usr/sbin/haproxy", "-db", "-q", "-f", str(config))
        proxy = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
        stack.push_async_callback(end, proxy)
        url = f"http://127.0.0.1:{port}"
        await is_ready(url)
        page = (await stack.enter_async_context(talk(url))).page
        html = f"<!doctype html><title>A page of Pipecat's</title><script>{script}</script>"
        await page.route("**/client", lambda route: route.fulfill(content_type="text/html", body=html))
        await page.goto(f"{url}/client")
        yield page


async def test_late_candidates_and_reconnections_reach_the_worker_that_has_the_call(
    tmp_path: Path, bundle: str
) -> None:
    seen: list[tuple[str, int]] = []

    def note(response: Response) -> None:
        if "offer" in response.url:
            seen.append((response.request.method, response.status))

    async with served(tmp_path, bundle) as page:
        page.on("response", note)
        await page.evaluate("() => client.connect({webrtcUrl: location.origin + '/api/offer'})")
        await page.wait_for_function("() => seen.some(([name]) => name === 'ready')", timeout=30_000)
        for _ in range(RECONNECTIONS):
            before = len(seen)
            await page.evaluate("() => client.transport.attemptReconnection(true)")
            await page.wait_for_function(
                "() => client.transport.pc && client.transport.pc.connectionState === 'connected'",
                timeout=30_000,
            )
            async with asyncio.timeout(30):
                while len(seen) == before:  # noqa: ASYNC110 - the browser tells of it
                    await asyncio.sleep(0.05)
        await page.evaluate("() => client.sendText('Is anybody there?')")
        await page.wait_for_function("() => JSON.stringify(seen).includes('wrote to me')", timeout=30_000)
        with Store(records_of(tmp_path)) as store:
            [row] = store.find(CallQuery())
            assert row["ended"] is None, "it is the call that was begun"
    assert {status for _, status in seen} == {200}, seen
    assert {method for method, _ in seen} == {"POST", "PATCH"}
    assert sum(method == "POST" for method, _ in seen) > RECONNECTIONS


async def test_a_page_of_several_workers_says_how_the_style_is_switched(tmp_path: Path, bundle: str) -> None:
    async with served(tmp_path, bundle) as page:
        await page.goto(page.url.removesuffix("client"))
        await page.locator("#agents input").wait_for(timeout=10_000, state="attached")
        await page.get_by_label("Style").select_option("realtime")
        words = "no page switches the style: start the server with --style, or without --workers."
        await page.get_by_text(words).wait_for(timeout=10_000)
        assert await page.get_by_label("Style").input_value() == ""
