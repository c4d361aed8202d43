"""The connections to providers are told to notice that the other end is gone."""

from __future__ import annotations

import socket
import sys

import pytest
from aiohttp import web

from agentrun.pipeline.services.connections import lost_peers
from agentrun.pipeline.services.shared_resources import Resources


async def test_a_connection_to_a_provider_asks_whether_the_other_end_is_there() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="yes")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Resources() as resources, resources.http_client.stream("GET", address) as got:
            line = got.extensions["network_stream"].get_extra_info("socket")
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if sys.platform == "linux":
                seen = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                assert seen == lost_peers.UNACKNOWLEDGED_MS
    finally:
        await runner.cleanup()


def test_a_proxy_for_everything_stays_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert lost_peers.mounts(None, True) == {}
