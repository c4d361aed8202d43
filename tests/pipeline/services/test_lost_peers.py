"""The connections to providers are told to notice that the other end is gone."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from agentrun.errors import SetupError
from agentrun.pipeline.services.connections import lost_peers, provider_client
from agentrun.pipeline.services.shared_resources import Resources


@pytest.mark.skipif(sys.platform != "linux", reason="finds the connection among /proc's descriptors")
@pytest.mark.parametrize("kind", ["httpx", "aiohttp"])
async def test_a_connection_to_a_provider_asks_whether_the_other_end_is_there(
    kind: provider_client.Connections,
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with (
            Resources(kind) as resources,
            resources.http_client.stream("GET", f"http://127.0.0.1:{port}"),
        ):
            told = [
                (
                    bool(line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)),
                    line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                )
                for line in lines_to(port)
            ]
        assert told == [(True, lost_peers.UNACKNOWLEDGED_MS)]
    finally:
        await runner.cleanup()


def lines_to(port: int) -> Iterator[socket.socket]:
    """This process's connections to ``port``, whatever has opened them."""
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as line:
                if line.getpeername()[1:2] == (port,):
                    yield line


def test_a_proxy_for_everything_stays_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = provider_client.provider_client()
    used = client._transport_for_url(httpx2.URL("https://api.openai.com/v1"))
    assert isinstance(used, httpx2.AsyncHTTPTransport)


@pytest.mark.parametrize(
    ("kind", "transport"), [("httpx", "AsyncHTTPTransport"), ("aiohttp", "AiohttpTransport")]
)
def test_the_environment_says_whose_connections_are_used(kind: str, transport: str) -> None:
    client = provider_client.provider_client(provider_client.connections({provider_client.VARIABLE: kind}))
    used = client._transport_for_url(httpx2.URL("https://api.openai.com/v1"))
    assert type(used).__name__ == transport


def test_another_name_of_connections_is_refused() -> None:
    with pytest.raises(SetupError, match="AGENTRUN_HTTP_CONNECTIONS: 'curl' is not one of aiohttp, httpx"):
        provider_client.connections({provider_client.VARIABLE: "curl"})
