"""What all calls share."""

from __future__ import annotations

import asyncio

from agentrun.pipeline.services.shared_resources import Resources

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_connection_outlives_a_caller_s_turn() -> None:
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        while await reader.read(65_536):
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Resources() as resources:
        for pause in (0.0, 5.5):
            await asyncio.sleep(pause)
            answer = await resources.http_client.get(f"http://127.0.0.1:{port}/")
            assert answer.status_code == 200
        for writer in opened:
            writer.close()
            await writer.wait_closed()
    assert len(opened) == 1
