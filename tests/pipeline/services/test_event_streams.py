"""A byte order mark before a stream of events costs none of it, however it comes in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from agentrun.pipeline.services.connections import event_streams

EVENT = b'data: {"content": "We are"}\n\n'


async def read(*pieces: bytes, kind: str = "text/event-stream; charset=utf-8") -> bytes:
    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, content=sent())

    hooks = {"response": [event_streams.skip_byte_order_mark]}
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=hooks) as client,
        client.stream("POST", "http://provider/v1") as response,
    ):
        return b"".join([piece async for piece in response.aiter_bytes()])


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\xef\xbb\xbf" + EVENT],
        [b"\xef", b"\xbb", b"\xbf", EVENT],
        [b"\xef\xbb\xbf", EVENT],
        [b"", b"\xef\xbb\xbf" + EVENT[:1], EVENT[1:]],
        [EVENT],
        [EVENT[:1], EVENT[1:]],
    ],
)
async def test_a_mark_is_no_part_of_the_first_event(pieces: list[bytes]) -> None:
    assert await read(*pieces) == EVENT


async def test_only_the_first_one_is_a_mark_and_only_a_whole_one() -> None:
    assert await read(b"\xef\xbb\xbf\xef\xbb\xbfdata") == b"\xef\xbb\xbfdata"
    assert await read(b"\xef\xbb") == b"\xef\xbb"
    assert await read() == b""


async def test_what_is_no_stream_of_events_is_left_alone() -> None:
    assert await read(b"\xef\xbb\xbf{}", kind="application/json") == b"\xef\xbb\xbf{}"
