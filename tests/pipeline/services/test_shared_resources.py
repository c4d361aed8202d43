"""What all calls share."""

from __future__ import annotations

import asyncio

import httpx

from agentrun.pipeline.services.shared_resources import Resources

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_tool_that_closes_the_shared_client_closes_it_for_nobody() -> None:
    async with Resources() as resources:
        resources.web._transport = httpx.MockTransport(lambda _: httpx.Response(200, text="open"))
        for _ in range(2):
            async with resources.web as client:
                assert (await client.get("https://example.com")).text == "open"
        await resources.web.aclose()
        assert (await resources.web.get("https://example.com")).text == "open"
    assert resources.web.is_closed


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
