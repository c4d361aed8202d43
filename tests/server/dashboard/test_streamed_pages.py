"""A page begins before its records are read, and says so where they can't be."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import router
from agentrun.server.dashboard.record_source import Source
from agentrun.server.lifecycle.settings import ServerSettings
from tests.log_lines import log_lines
from tests.server.dashboard.test_pages import record


@dataclasses.dataclass
class Site:
    """A dashboard on a socket."""

    switchboard: Switchboard
    client: httpx.AsyncClient


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    switchboard, app, sock = Switchboard({}, Resources()), FastAPI(), bind("127.0.0.1", 0)
    app.include_router(router(switchboard, ServerSettings("127.0.0.1", Access.OPEN, {})))
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with serving(app, sock), httpx.AsyncClient(base_url=base, trust_env=False) as client:
        yield Site(switchboard, client)


PAGES = {
    "": "live",
    "/charts": "figures",
    "/versions": "versions",
    "/calls/desk/CA1": "one",
    "/compare?call=desk/CA1&call=desk/CA2": "one",
}


@pytest.mark.parametrize("path", PAGES)
async def test_the_head_is_there_before_the_records_are_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    may_read, read = asyncio.Event(), getattr(Source, PAGES[path])

    async def late(*given: object) -> object:
        await may_read.wait()
        return await read(*given)

    for name in ("CA1", "CA2"):
        site.switchboard.records.add(record(1, id=name))
    monkeypatch.setattr(Source, PAGES[path], late)
    async with site.client.stream("GET", f"/dashboard{path}") as answer:
        texts = answer.aiter_text()
        assert "<nav" in await anext(texts)
        may_read.set()
        assert "".join([text async for text in texts]).endswith("</html>")


async def test_a_page_that_can_not_be_made_says_so_and_so_does_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("what is wrong with it")

    monkeypatch.setattr(Source, "figures", broken)
    with log_lines("ERROR") as lines:
        answer = await site.client.get("/dashboard/charts")
    assert "This page could not be made; the server's log says why." in answer.text
    assert any("the page charts.html could not be made" in line for line in lines)
    assert "what is wrong with it" not in answer.text


async def test_a_long_page_comes_in_pieces_and_whole(site: Site) -> None:
    call = record(1, id="long")
    call.transcript = [entry for _ in range(1000) for entry in call.transcript]
    site.switchboard.records.add(call)
    async with site.client.stream("GET", "/dashboard/calls/desk/long") as answer:
        texts = [text async for text in answer.aiter_text()]
    assert len(texts) > 3
    assert "".join(texts).count('<li class="agent"') == 1000
    assert "<title>desk, " in texts[0]


async def test_what_is_not_there_is_said_with_its_status(site: Site) -> None:
    answer = await site.client.get("/dashboard/calls/desk/none", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<h1>Not there</h1>" in answer.text
