"""What other people's servers send is inflated as far as it may be, whoever asks them."""

from __future__ import annotations

import asyncio
import bz2
import functools
import gzip
import resource
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx2
import pytest
import pytest_asyncio

from agentrun.call import Call
from agentrun.http import bounded_answers
from agentrun.http.bounded_answers import (
    AnswerTooLongError,
    CutAnswerError,
    Inflater,
    Measure,
    UnreadableAnswerError,
)
from agentrun.tools.http import request
from agentrun.tools.http.build import make
from agentrun.tools.http.settings import Settings
from agentrun.tools.results.result import as_text
from agentrun.tools.running.invoke import invoke

BIG = b"0" * 60_000_000


def raw_deflate(data: bytes) -> bytes:
    """As servers send it that read RFC 9110 in their own way."""
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(data) + squeezer.flush()


WORDS = b'{"status": "baking"}'


@functools.cache
def answers() -> dict[str, tuple[str, bytes]]:
    """What the server answers, by its path; squeezing the large ones takes a second."""
    return {
        "/bomb": ("gzip", gzip.compress(BIG)),
        "/twice": ("gzip, gzip", gzip.compress(gzip.compress(BIG))),
        "/brotli": ("br", b"\x8b\x02\x80"),
        "/broken": ("gzip", gzip.compress(WORDS)[:-20] + b"x" * 20),
        "/cut": ("gzip", gzip.compress(WORDS)[:-9]),
        "/gzip": ("gzip", gzip.compress(WORDS)),
        "/deflate": ("deflate", zlib.compress(WORDS)),
        "/raw": ("deflate", raw_deflate(WORDS)),
        "/plain": ("identity", WORDS),
    }


EVENTS = (b"data: " + b"x" * 100 + b"\n\n") * 160_000
GOOD = ("/gzip", "/deflate", "/raw", "/plain")
BAD = {
    "/bomb": "is too long to read. Ask for less.",
    "/twice": "can't be read: the answer is compressed as 'gzip, gzip', which is not read.",
    "/brotli": "can't be read: the answer is compressed as 'br', which is not read.",
    "/broken": "can't be read: the answer can't be inflated: ",
    "/cut": "was cut off.",
}
"""What the model is told of each."""


@pytest_asyncio.fixture
async def server() -> AsyncIterator[str]:
    """Answers by the path; ``asked`` holds the heads of what it was asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        encoding, content = answers()[head.split(" ")[1]]
        lines = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(lines.encode() + content)
        writer.close()

    answers()  # not while a tool waits
    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("path", BAD)
async def test_a_tool_reads_no_further_than_its_bound(server: str, path: str) -> None:
    tool = make(Settings(name="order", description="d", url=f"{server}{path}", allow_private=True))
    before, began = peak_mb(), time.process_time()
    async with httpx.AsyncClient() as client:
        found = await invoke(tool, Call("CA1", "desk", "twilio", client=client), {})
    assert found.status == "refused"
    assert found.text.startswith(f"The answer of 127.0.0.1 {BAD[path]}")
    assert peak_mb() - before < 30
    assert time.process_time() - began < 5


CHARSETS = {
    "zlib": zlib.compress(BIG),
    "bz2": bz2.compress(BIG),
    "hex": b"0a" * 1000,
    "rot13": b"Uryyb",
    "undefined": b"Hello",
    "punycode": b"a" * 1000 + b"-" + b"b" * 200_000,
    "idna": b"xn--" + b"a" * 1000 + b"-" + b"b" * 200_000,
    "no-such-charset": "Grüße".encode(),
}
"""What would be made of these texts by the charset that they are said to have."""


@pytest.mark.parametrize("charset", CHARSETS)
async def test_no_charset_inflates_a_text_or_takes_for_ever(charset: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f'HTTP/1.1 200 OK\r\nContent-Type: text/plain; Charset="{charset}"\r\n'
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        writer.close()

    content = CHARSETS[charset]
    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    tool = make(Settings(name="order", description="d", url=url, allow_private=True))
    before, began = peak_mb(), time.process_time()
    hooks: Any = {"response": [bounded_answers.bound_async]}
    async with httpx.AsyncClient(event_hooks=hooks) as client:
        found = await invoke(tool, Call("CA1", "desk", "twilio", client=client), {})
        text = (await client.get(url)).text
    listener.close()
    assert text == content.decode("utf-8", "replace")
    is_text = "\0" not in text
    assert found.status == ("ok" if is_text else "refused")
    assert found.text[:20] == (as_text(text) if is_text else "The answer to order is not JSON")[:20]
    assert peak_mb() - before < 30
    assert time.process_time() - began < 5


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "shift_jis", "windows-1252"])
def test_a_charset_of_texts_is_heeded(charset: str) -> None:
    kind = f"text/plain; charset={charset}"
    response = httpx.Response(200, headers={"content-type": kind}, content="A".encode(charset))
    bounded_answers.bound(response)
    assert (response.headers["content-type"], response.text) == (kind, "A")


async def test_an_answer_that_was_cut_off_is_asked_for_again(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "_FIRST_PAUSE", 0.0)
    monkeypatch.setitem(answers(), "/cut", answers()["/cut"])

    async def mend(_response: httpx.Response) -> None:
        monkeypatch.setitem(answers(), "/cut", answers()["/gzip"])

    tool = make(Settings(name="order", description="d", url=f"{server}/cut", allow_private=True, retries=1))
    async with httpx.AsyncClient(event_hooks={"response": [mend]}) as client:
        assert "baking" in (await invoke(tool, Call("CA1", "desk", "twilio", client=client), {})).text


@pytest.mark.parametrize("path", GOOD)
async def test_one_layer_is_read(server: str, path: str) -> None:
    tool = make(Settings(name="order", description="d", url=f"{server}{path}", allow_private=True))
    async with httpx.AsyncClient() as client:
        assert "baking" in (await invoke(tool, Call("CA1", "desk", "twilio", client=client), {})).text


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_a_client_with_the_hook_is_bounded_whatever_reads_its_answers(
    server: str, library: Any
) -> None:
    async with library.AsyncClient(event_hooks={"response": [bounded_answers.bound_async]}) as client:
        for path in GOOD:
            assert (await client.get(f"{server}{path}")).json() == {"status": "baking"}, path
        for path in BAD:
            with pytest.raises(UnreadableAnswerError):
                await client.get(f"{server}{path}")


async def test_a_blocking_client_is_bounded_too(server: str) -> None:
    def ask(path: str) -> httpx.Response:
        with httpx.Client(event_hooks={"response": [bounded_answers.bound]}) as client:
            return client.get(f"{server}{path}")

    for path in GOOD:
        assert (await asyncio.to_thread(ask, path)).json() == {"status": "baking"}
    for path in BAD:
        with pytest.raises(UnreadableAnswerError):
            await asyncio.to_thread(ask, path)


def test_no_piece_is_longer_than_64_kib() -> None:
    pieces = list(Inflater("gzip").pieces(gzip.compress(BIG[:1_000_000])))
    assert max(map(len, pieces)) <= 65_536
    assert sum(map(len, pieces)) == 1_000_000


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_a_stream_of_events_goes_on_and_one_event_does_not(
    end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_answers, "MOST_EVENT_BYTES", 100)
    measure = Measure(10_000, events=True)
    for _ in range(1000):
        measure.add(b"data: " + b"x" * 60)
        measure.add(end[:1])
        measure.add(end[1:])
    measure.add(b"x" * 90)
    with pytest.raises(AnswerTooLongError):
        measure.add(b"x" * 20)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_544, 3 * 65_536 + 5])
@pytest.mark.parametrize("form", ["gzip", "deflate", "raw"])
@pytest.mark.parametrize("chunk", [1, 7, 10_000_000])
def test_nothing_is_lost_however_it_is_cut(size: int, form: str, chunk: int) -> None:
    squeezers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress, "deflate": zlib.compress, "raw": raw_deflate,
    }  # fmt: skip
    text = b"0" * size
    data, inflater = squeezers[form](text), Inflater("gzip" if form == "gzip" else "deflate")
    parts = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    assert b"".join(piece for part in parts for piece in inflater.pieces(part)) == text
    inflater.end()


@pytest.mark.parametrize("chunk", [1, 9, 10_000])
def test_a_gzip_of_several_members_is_read_whole(chunk: int) -> None:
    data, inflater = gzip.compress(b"one, ") + gzip.compress(b"two"), Inflater("gzip")
    parts = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    assert b"".join(piece for part in parts for piece in inflater.pieces(part)) == b"one, two"
    inflater.end()


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_an_answer_that_ends_in_the_middle_is_no_answer(
    server: str, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(answers(), "/none", ("gzip", b""))
    async with library.AsyncClient(event_hooks={"response": [bounded_answers.bound_async]}) as client:
        with pytest.raises(CutAnswerError, match="in the middle"):
            await client.get(f"{server}/cut")
        assert (await client.get(f"{server}/none")).content == b""


async def test_what_calls_itself_a_stream_of_events_is_bounded_as_a_whole(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(answers(), "/events", ("identity\r\nContent-Type: text/event-stream", EVENTS))
    tool = make(Settings(name="order", description="d", url=f"{server}/events", allow_private=True))
    hooks: Any = {"response": [bounded_answers.bound_async]}
    async with httpx.AsyncClient(event_hooks=hooks) as client:
        answer = await invoke(tool, Call("CA1", "desk", "twilio", client=client), {})
        assert (answer.status, "too long to read" in answer.text) == ("refused", True)
        with pytest.raises(AnswerTooLongError):
            await client.get(f"{server}/events")
    hooks = {"response": [bounded_answers.bound_events]}
    async with httpx.AsyncClient(event_hooks=hooks) as client:
        assert len((await client.get(f"{server}/events")).content) == len(EVENTS)


def test_an_answer_in_many_pieces_is_measured_as_a_whole() -> None:
    measure: Callable[[bytes], None] = Measure(100, events=False).add
    for _ in range(10):
        measure(b"x\n\n" + b"x" * 7)
    with pytest.raises(AnswerTooLongError):
        measure(b"x")
