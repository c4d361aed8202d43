"""What becomes of a connection between two answers, and aiohttp's way to it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
import ssl
import struct
from typing import Any

import aiohttp
import httpx2
import pytest

from agentrun.pipeline.services.connections import aiohttp_transport
from agentrun.pipeline.services.connections.aiohttp_transport import AiohttpTransport
from tests.pipeline.services.raw_servers import HEAD, answers, read_request, serving

SLOW = (HEAD + b"content-length: 2\r\n\r\n", b"ok")
"""An answer whose body comes a moment after its head."""


def client() -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=10, keepalive_expiry=60)
    return httpx2.AsyncClient(transport=AiohttpTransport(limits, ssl.create_default_context(), ()))


async def test_a_connection_that_is_reset_between_two_answers_is_no_error_of_asyncio_s() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await read_request(reader)
            for piece in SLOW:
                writer.write(piece)
                await asyncio.sleep(0.02)
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()

    async with serving(serve) as url, client() as asking:
        for _ in range(2):
            assert (await asking.get(url)).content == b"ok"
        await asyncio.sleep(0.1)
        assert (await asking.get(url)).content == b"ok"
        gc.collect()
        await asyncio.sleep(0)
    assert told == []


async def test_a_connection_with_many_answers_holds_on_to_one_thing_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    futures: list[Any] = []
    closed = inspect.getattr_static(aiohttp.client_proto.ResponseHandler, "closed")

    def noted(protocol: Any) -> Any:
        futures.append(closed.fget(protocol))
        return futures[-1]

    monkeypatch.setattr(aiohttp.client_proto.ResponseHandler, "closed", property(noted))
    async with serving(answers(*SLOW)) as url, client() as asking:
        for _ in range(4):
            await asking.get(url)
        assert len(futures) == 4
        assert len(set(map(id, futures))) == 1
        assert len(futures[0]._callbacks) == 1


async def test_aiohttp_gets_a_kept_connection_by_the_name_that_is_overridden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert list(inspect.signature(aiohttp.BaseConnector._get).parameters) == ["self", "key", "traces"]
    assert "_get" not in vars(aiohttp.TCPConnector)
    looked_at: list[Any] = []

    def noted(protocol: Any) -> bool:
        looked_at.append(protocol)
        return True

    monkeypatch.setattr(aiohttp_transport, "_is_quiet", noted)
    async with serving(answers(*SLOW)) as url, client() as asking:
        for expected in range(2):
            await asking.get(url)
            assert len(looked_at) == expected
