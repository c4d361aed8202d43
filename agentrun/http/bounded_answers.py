"""Answers of other people's servers, inflated piece by piece and no further than they may be.

httpx inflates whatever it is sent, in one go and in as many layers as the answer names: 2.4 KB can become
gigabytes. Here an answer has one layer of gzip or deflate at most, and ends with an error at its bound.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import httpx

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Of what tools and webhooks are answered; a tool's own bound is lower."""
MOST_EVENT_BYTES = 4 * 1024 * 1024
"""Of one event of a stream of events, which as a whole may go on for hours."""
_PIECE = 64 * 1024
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class AnswerTooLongError(httpx.HTTPError):
    """An answer that is longer than its bound, or is compressed in a way that is not read."""


class Answer(Protocol):
    """A response of httpx, or of httpx2, whose body has not been read."""

    stream: Any
    headers: Any


class Inflater:
    """Inflates one layer in pieces of at most 64 KiB, so that nobody is kept waiting by one of them.

    >>> b"".join(Inflater("").pieces(b"as it is"))
    b'as it is'
    """

    def __init__(self, encoding: str) -> None:
        """Raises AnswerTooLongError for another encoding than gzip and deflate, and for several."""
        name = encoding.strip().lower()
        if name not in ("", "identity", *_WINDOWS):
            raise AnswerTooLongError(f"the answer is compressed as '{name[:40]}', which is not read")
        self._inflate = zlib.decompressobj(_WINDOWS[name]) if name in _WINDOWS else None
        self._is_raw_possible = name == "deflate"

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` goes on with; raises AnswerTooLongError for what can't be inflated."""
        if self._inflate is None:
            yield data
            return
        while data and not self._inflate.eof:
            try:
                piece = self._inflate.decompress(data, _PIECE)
            except zlib.error as error:
                if not self._is_raw_possible:
                    raise AnswerTooLongError(f"the answer can't be inflated: {error}") from None
                # some servers send the raw format and call it deflate
                self._inflate, self._is_raw_possible = zlib.decompressobj(-zlib.MAX_WBITS), False
                continue
            self._is_raw_possible = False
            data = self._inflate.unconsumed_tail
            if piece:
                yield piece


class Measure:
    """Counts what an answer has brought; ``most`` bytes in all, or in one event of a stream of events."""

    def __init__(self, most: int, *, events: bool) -> None:
        self._most = min(most, MOST_EVENT_BYTES) if events else most
        self._events = events
        self._bytes = 0
        self._end = b""

    def add(self, piece: bytes) -> None:
        """Count ``piece``; raises AnswerTooLongError where that is too much."""
        data = self._end + piece
        last = max(data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")) if self._events else -1
        self._bytes = len(data) - last if last >= 0 else self._bytes + len(piece)
        self._end = data[-3:]
        if self._bytes > self._most:
            raise AnswerTooLongError(f"the answer has more than {self._most} bytes")


class _Bounded:
    """The stream of an answer, inflated and measured; for blocking clients and for others."""

    def __init__(self, stream: Any, inflater: Inflater, measure: Measure) -> None:
        self._stream = stream
        self._inflater = inflater
        self._measure = measure

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            yield from self._measured(data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            for piece in self._measured(data):
                yield piece

    def _measured(self, data: bytes) -> Iterator[bytes]:
        for piece in self._inflater.pieces(data):
            self._measure.add(piece)
            yield piece

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def bound(response: Answer, most: int = MOST_ANSWER_BYTES) -> None:
    """Have the body of ``response`` inflated while it is read, and bounded by ``most`` bytes.

    Raises AnswerTooLongError for a compression that is not read; reading raises it at the bound.
    """
    events = response.headers.get("content-type", "").startswith("text/event-stream")
    inflater = Inflater(response.headers.get("content-encoding", ""))
    kinds = tuple(kind for kind in type(response.stream).__mro__ if kind.__name__ in _STREAMS)
    bounded = type("Bounded", (_Bounded, *kinds), {})
    response.stream = bounded(response.stream, inflater, Measure(most, events=events))
    if "content-encoding" in response.headers:
        del response.headers["content-encoding"]


async def bound_async(response: Answer) -> None:
    """``bound`` as an event hook of an AsyncClient: ``event_hooks={"response": [bound_async]}``."""
    bound(response)


_STREAMS = ("AsyncByteStream", "SyncByteStream")
"""What httpx and httpx2 want a stream to be."""
ACCEPTED = {"Accept-Encoding": "gzip, deflate"}
"""What a request says, so that nothing else is sent."""
