"""The connection to a realtime model is told to notice that the other end is gone."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.asyncio import client
from websockets.asyncio.server import serve

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.connections import lost_peers


async def test_a_realtime_model_s_socket_asks_whether_the_other_end_is_there() -> None:
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        llm: Any = OpenAIRealtimeLLMService(api_key="none", base_url=address)
        pipecat_private.keep_session(llm, lambda _line: None)
        events = pipecat_private.session_events(llm)
        assert events

        async def connect() -> None:
            llm._websocket = await client.connect(address)

        events._connect = connect
        await events.connect()
        made: Any = llm._websocket
        line = made.transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await made.close()


def test_a_connection_that_is_no_socket_s_is_left_as_it_is() -> None:
    lost_peers.watch(asyncio.Transport())
