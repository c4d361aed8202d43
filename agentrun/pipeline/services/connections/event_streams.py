"""Reads event streams, without the byte order mark that some servers send first."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import Any

_MARK = codecs.BOM_UTF8
_STREAM = "AsyncByteStream"
"""What the HTTP library under OpenAI's client, whichever it is, wants a stream to be."""


async def skip_byte_order_mark(response: Any) -> None:
    """A hook for responses: OpenAI's client takes a mark for a part of the first event's name, and drops it.

    The standard has readers skip one (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    """
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        return
    if response.headers.get("content-encoding"):
        return
    kinds = tuple(kind for kind in type(response.stream).__mro__ if kind.__name__ == _STREAM)
    response.stream = type("Unmarked", (_Unmarked, *kinds), {})(response.stream)


class _Unmarked:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        head: bytes | None = b""
        async for data in self._stream:
            if head is not None:
                head += data
                if _MARK.startswith(head):
                    continue
                data, head = head.removeprefix(_MARK), None
            yield data
        if head:
            yield head

    async def aclose(self) -> None:
        await self._stream.aclose()
