"""The socket of a service that streams is told to notice that the other end is gone."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import pytest
from pipecat.services.cartesia.stt import CartesiaSTTService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.connections import lost_peers
from agentrun.testing import virtual_time
from tests.calls.streaming_ears import CartesiaEar


async def test_a_service_that_streams_asks_whether_the_other_end_is_there() -> None:
    async with CartesiaEar() as peer:
        service: Any = CartesiaSTTService(api_key="test")
        pipecat_private.bound_connection(service)
        connection = await service._websocket_connect(peer.address)
        line = connection.transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if sys.platform == "linux":
            seen = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert seen == lost_peers.UNACKNOWLEDGED_MS
        await connection.close()


def test_a_goodbye_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_service: CartesiaSTTService) -> None:
        await asyncio.sleep(60)

    async def part() -> float:
        service: Any = CartesiaSTTService(api_key="test")
        pipecat_private.bound_connection(service)
        began = asyncio.get_running_loop().time()
        await service._disconnect()
        return asyncio.get_running_loop().time() - began

    monkeypatch.setattr(CartesiaSTTService, "_disconnect", hang)
    assert virtual_time.run(part()) == pytest.approx(1.5, abs=0.1)
