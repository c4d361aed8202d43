"""Responses of other servers, decompressed piece by piece and never beyond a limit.

httpx inflates whatever it is sent, in one go and in as many layers as the answer names: 2.4 KB can become
gigabytes. Here an answer has one layer of gzip or deflate at most, and ends with an error at its bound.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import httpx

from agentrun.http import charsets

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Of what tools and webhooks are answered; a tool's own bound is lower."""
MOST_EVENT_BYTES = 4 * 1024 * 1024
"""Of one event of a stream of events, which as a whole may go on for hours."""
_PIECE = 64 * 1024
_HEAD_BYTES = 2
_MOST_MEMBERS = 1000
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class UnreadableAnswerError(httpx.HTTPError):
    """A response that can't be read to its end."""


class AnswerTooLongError(UnreadableAnswerError):
    """A response that exceeds its limit."""


class CompressedAnswerError(UnreadableAnswerError):
    """A response with an unsupported or invalid compression."""


class CutAnswerError(UnreadableAnswerError):
    """A compressed response that is truncated."""


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
        """Raises CompressedAnswerError for another encoding than gzip and deflate, and for several."""
        name = encoding.strip().lower()
        if name not in ("", "identity", *_WINDOWS):
            raise CompressedAnswerError(f"the answer is compressed as '{name[:40]}', which is not read")
        self._window = _WINDOWS.get(name)
        self._inflate = zlib.decompressobj(self._window) if self._window else None
        self._head: bytearray | None = bytearray() if name == "deflate" else None
        self._is_begun = self._is_over = False
        self._members = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` goes on with; raises CompressedAnswerError for what can't be inflated."""
        if self._inflate is None:
            yield data
            return
        self._is_begun = self._is_begun or bool(data)
        data = self._known(data)
        while data and not self._is_over:
            if self._inflate.eof:
                self._begin_member()
            yield from self._member(data)
            data = self._inflate.unused_data

    def end(self) -> None:
        """There is no more; raises CutAnswerError where what was compressed is not at its end."""
        if self._inflate is not None and self._is_begun and not self._inflate.eof:
            raise CutAnswerError("the answer ends in the middle of what is compressed")

    def _begin_member(self) -> None:
        """A gzip file may have several members, one after another (RFC 1952 section 2.2)."""
        self._members += 1
        if self._window == _WINDOWS["gzip"] and self._members < _MOST_MEMBERS:
            self._inflate = zlib.decompressobj(self._window)
        else:
            self._is_over = True

    def _member(self, data: bytes) -> Iterator[bytes]:
        inflate = self._inflate
        assert inflate is not None  # noqa: S101
        while not inflate.eof and not self._is_over:
            try:
                piece = inflate.decompress(data, _PIECE)
            except zlib.error as error:
                raise CompressedAnswerError(f"the answer can't be inflated: {error}") from None
            data = inflate.unconsumed_tail
            if piece:
                yield piece
            # all of the input may be taken while there is still more to come of it
            if not data and len(piece) < _PIECE:
                return

    def _known(self, data: bytes) -> bytes:
        """What can be inflated, once the head says which of the two formats called deflate it is."""
        if self._head is None:
            return data
        self._head += data
        if len(self._head) < _HEAD_BYTES:
            return b""
        head, self._head = bytes(self._head), None
        if head[0] & 0x0F != zlib.DEFLATED or int.from_bytes(head[:2]) % 31:
            # some servers send the raw format (RFC 1951) without the head of zlib's (RFC 1950)
            self._window = -zlib.MAX_WBITS
            self._inflate = zlib.decompressobj(self._window)
        return head


class Measure:
    """Counts the bytes of a response; at most ``most`` in all, or in each event of an event stream."""

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
        self._inflater.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            for piece in self._measured(data):
                yield piece
        self._inflater.end()

    def _measured(self, data: bytes) -> Iterator[bytes]:
        for piece in self._inflater.pieces(data):
            self._measure.add(piece)
            yield piece

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def bound(response: Answer, most: int = MOST_ANSWER_BYTES, *, events: bool = False) -> None:
    """Decompress the body of ``response`` while it is read, with a limit of ``most`` bytes.

    With ``events``, which is for whoever reads a stream of events one by one, each event of what says that it
    is such a stream is bounded, and the whole is not. Raises CompressedAnswerError for a compression that is
    not read; reading raises AnswerTooLongError at the bound, and CutAnswerError where what is compressed ends
    in the middle. A charset that would inflate the text, or take for ever, is left out.
    """
    events = events and response.headers.get("content-type", "").startswith("text/event-stream")
    inflater = Inflater(response.headers.get("content-encoding", ""))
    kinds = tuple(kind for kind in type(response.stream).__mro__ if kind.__name__ in _STREAMS)
    bounded = type("Bounded", (_Bounded, *kinds), {})
    response.stream = bounded(response.stream, inflater, Measure(most, events=events))
    if "content-encoding" in response.headers:
        del response.headers["content-encoding"]
    kind = response.headers.get("content-type", "")
    if (readable := charsets.readable(kind)) != kind:
        response.headers["content-type"] = readable


async def bound_async(response: Answer) -> None:
    """``bound`` as an event hook of an AsyncClient: ``event_hooks={"response": [bound_async]}``."""
    bound(response)


async def bound_events(response: Answer) -> None:
    """The same for a client that reads streams of events one by one."""
    bound(response, events=True)


_STREAMS = ("AsyncByteStream", "SyncByteStream")
"""What httpx and httpx2 want a stream to be."""
ACCEPTED = {"Accept-Encoding": "gzip, deflate"}
"""What a request says, so that nothing else is sent."""
