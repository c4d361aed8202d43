"""The socket of a service that streams is told to notice that the other end is gone."""

from __future__ import annotations

import socket
import sys
from typing import Any

from pipecat.services.cartesia.stt import CartesiaSTTService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.connections import lost_peers
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
