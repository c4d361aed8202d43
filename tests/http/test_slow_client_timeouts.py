"""Connections are kept for longer than balancers keep theirs, but not a crowd of them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from fastapi import FastAPI

from agentrun.http import slow_client_timeouts
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving

BALANCERS_SECONDS = 60
"""Of Amazon's and of nginx, as they come."""
MOST = 2


async def test_a_server_is_not_the_first_to_close_a_connection_unless_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slow_client_timeouts, "MOST_KEPT", MOST)
    sock = bind("127.0.0.1", 0)
    async with serving(FastAPI(), sock) as server, contextlib.AsyncExitStack() as stack:
        kept: list[int] = []
        for _ in range(MOST + 2):
            before = set(server.server_state.connections)
            reader, writer = await asyncio.open_connection(*sock.getsockname()[:2])
            stack.callback(writer.close)
            writer.write(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
            assert b"404" in await reader.readline()
            [made] = server.server_state.connections - before
            kept.append(made.timeout_keep_alive)  # type: ignore[union-attr]
        assert [seconds > BALANCERS_SECONDS for seconds in kept] == [True] * MOST + [False] * 2
