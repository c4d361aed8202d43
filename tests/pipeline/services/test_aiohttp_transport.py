"""Requests over aiohttp's connections come to the same as over httpx's own, whatever the server does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest

from agentrun.http import tls
from agentrun.pipeline.services.connections import lost_peers
from agentrun.pipeline.services.connections.aiohttp_transport import AiohttpTransport
from agentrun.session.responses import error_words
from tests.pipeline.services.raw_servers import (
    CHUNKED,
    CHUNKS,
    HEAD,
    OK,
    SERVERS,
    answers,
    echoes,
    read_request,
    refuses_early,
    serving,
)
from tests.server.kubernetes.certificates import Authority

KINDS = ("httpx", "aiohttp")
LIMITS = httpx2.Limits(max_connections=10, keepalive_expiry=60)
PATIENCE = httpx2.Timeout(5, read=0.3)


def transport(kind: str, trusted: ssl.SSLContext | None = None) -> httpx2.AsyncBaseTransport:
    verify = trusted or tls.system_context()
    if kind == "aiohttp":
        return AiohttpTransport(LIMITS, verify, lost_peers.socket_options())
    return httpx2.AsyncHTTPTransport(limits=LIMITS, verify=verify)


def asked(url: str) -> dict[str, Any]:
    """A request each; those that have no body are gets."""
    user = url.replace("//", "//me:secret@")
    return {
        "get": {"method": "GET", "url": f"{url}/v1/a%2Fb?q=a%20b&c=%C3%BC"},
        "post": {"method": "POST", "url": url, "json": {"a": 1}},
        "empty post": {"method": "POST", "url": url},
        "form": {"method": "POST", "url": url, "data": {"a": "1"}},
        "large": {"method": "POST", "url": url, "content": bytes(3_000_000)},
        "with a user": {"method": "GET", "url": user},
        "own headers": {
            "method": "GET",
            "url": url,
            "headers": {"X-Own": "1", "Accept": "text/event-stream"},
        },
    }


async def outcome(kind: str, request: dict[str, Any]) -> Any:
    """What comes of it: status, cookies, body as it came; and the error."""
    async with httpx2.AsyncClient(transport=transport(kind), timeout=PATIENCE) as client:
        try:
            async with client.stream(**request) as answer:
                cookies = answer.headers.get_list("set-cookie")
                return answer.status_code, cookies, *await rest_of(answer)
        except httpx2.HTTPError as error:
            return type(error).__name__


async def rest_of(answer: httpx2.Response) -> tuple[bytes, str]:
    """Its body, and the error that it ends with."""
    body = b""
    try:
        async for piece in answer.aiter_bytes():
            body += piece
    except httpx2.HTTPError as error:
        return body, type(error).__name__
    return body, ""


@pytest.mark.parametrize("name", SERVERS)
async def test_an_answer_comes_to_the_same(name: str) -> None:
    async with serving(SERVERS[name]) as url:
        found = [await outcome(kind, asked(url)["post"]) for kind in KINDS]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", asked("http://127.0.0.1:9"))
async def test_a_server_is_sent_the_same(name: str) -> None:
    async with serving(echoes) as url:
        found = [await outcome(kind, asked(url)[name]) for kind in KINDS]
    assert found[0] == found[1]
    assert found[0][0] == 200


async def test_a_file_is_sent_the_same() -> None:
    async with serving(echoes) as url:
        sizes = []
        for kind in KINDS:
            files = {"file": ("audio.wav", bytes(100_000), "audio/wav")}
            request = {"method": "POST", "url": url, "files": files, "data": {"model": "whisper-1"}}
            status, _, told, _ = await outcome(kind, request)
            sizes.append((status, told.rpartition(b"\n")[2]))
    assert sizes[0] == sizes[1]


async def test_an_early_refusal_of_a_large_body_is_read() -> None:
    async with serving(refuses_early) as url:
        assert await outcome("aiohttp", asked(url)["large"]) == (413, [], b"too large", "")


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("http://127.0.0.1:1/", "ConnectError", "http://127.0.0.1:1 can't be reached: connection refused"),
        (
            "http://nobody.invalid/",
            "ConnectError",
            "http://nobody.invalid can't be reached: its name is not known",
        ),
        ("ftp://127.0.0.1/", "UnsupportedProtocol", "unsupported protocol 'ftp://'"),
        ("/v1", "UnsupportedProtocol", "missing an 'http://' or 'https://' protocol"),
    ],
)
async def test_whom_nobody_can_reach_is_told_in_the_same_words(url: str, error: str, words: str) -> None:
    for kind in KINDS:
        async with httpx2.AsyncClient(transport=transport(kind)) as client:
            with pytest.raises(httpx2.TransportError) as raised:
                await client.get(url)
        assert type(raised.value).__name__ == error
    # the last one's: asyncio and httpx between them call a refusal "connect call failed", with an address
    assert words in error_words.unreachable(raised.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_servers_are_verified(kind: str, tmp_path: Path) -> None:
    authority = Authority()
    authority.write(tmp_path / "authority.pem")
    trusted = ssl.create_default_context(cafile=tmp_path / "authority.pem")
    async with serving(answers(CHUNKED, *CHUNKS), authority.server_context(tmp_path)) as url:
        async with httpx2.AsyncClient(transport=transport(kind, trusted)) as client:
            assert [(await client.get(url)).content for _ in range(2)] == [b"abcdefg"] * 2
        async with httpx2.AsyncClient(transport=transport(kind)) as client:
            with pytest.raises(httpx2.ConnectError) as raised:
                await client.get(url)
    assert "its certificate is not trusted" in error_words.unreachable(raised.value)


async def test_a_server_that_speaks_no_tls_is_not_reached() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(serve) as url:
        for kind in KINDS:
            assert await outcome(kind, asked(url.replace("http:", "https:"))["get"]) == "ConnectError"


async def test_a_key_with_a_line_break_in_it_is_not_sent() -> None:
    async with serving(echoes) as url:
        request = {"method": "GET", "url": url, "headers": {"Authorization": "Bearer a\nb"}}
        for kind in KINDS:
            assert await outcome(kind, request) == "LocalProtocolError"


async def test_a_name_that_is_looked_up_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_args: Any, **_options: Any) -> Any:
        await asyncio.sleep(30)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    for kind in KINDS:
        async with httpx2.AsyncClient(transport=transport(kind), timeout=0.2) as client:
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get("http://agentrun.example/")


@pytest.mark.parametrize("kind", KINDS)
async def test_whoever_stops_listening_lets_the_server_know(kind: str) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED + CHUNKS[0])
        await reader.read()
        gone.set()

    async def listen(client: httpx2.AsyncClient, url: str) -> None:
        async with client.stream("POST", url) as answer:
            async for _ in answer.aiter_bytes():
                heard.set()

    async with serving(serve) as url, httpx2.AsyncClient(transport=transport(kind)) as client:
        for _ in range(2):
            heard = asyncio.Event()
            gone.clear()
            listening = asyncio.create_task(listen(client, url))
            await heard.wait()
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_came_before_a_break_is_read_first(kind: str) -> None:
    async with (
        serving(answers(CHUNKED, *CHUNKS[:2], closes=True)) as url,
        httpx2.AsyncClient(transport=transport(kind)) as client,
        client.stream("POST", url) as answer,
    ):
        await asyncio.sleep(0.1)
        body, error = await rest_of(answer)
    assert (body, error) == (b"abcdefg", "RemoteProtocolError")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_is_used_again_until_its_server_closes_it(kind: str) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await answers(CHUNKED, *CHUNKS)(reader, writer)

    async with serving(serve) as url, httpx2.AsyncClient(transport=transport(kind)) as client:
        for _ in range(3):
            assert (await client.get(url)).content == b"abcdefg"
        assert len(writers) == 1
        writers[0].close()
        await writers[0].wait_closed()
        await asyncio.sleep(0.01)
        assert (await client.post(url)).content == b"abcdefg"
    assert len(writers) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_nobody_asked_for_is_nobody_s(kind: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(9):
            await read_request(reader)
            writer.write(HEAD + b"content-length: 1\r\n\r\n%d" % number)
            await asyncio.sleep(0.02)
            writer.write(OK)

    async with serving(serve) as url, httpx2.AsyncClient(transport=transport(kind)) as client:
        assert (await client.get(url)).content == b"0"
        await asyncio.sleep(0.1)
        assert (await client.post(url)).content == b"0"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_that_was_closed_while_the_loop_was_busy_is_not_used(kind: str) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            for _ in range(2):
                line, _address = listening.accept()
                with line:
                    line.recv(65_536)
                    line.sendall(OK)
                    answered.wait(5)

        answered, server = threading.Event(), threading.Thread(target=serve)
        server.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with httpx2.AsyncClient(transport=transport(kind)) as client:
            await client.get(url)
            answered.set()
            time.sleep(0.05)  # noqa: ASYNC251 - what a busy loop does
            assert (await client.post(url)).content == b"ok"
        server.join()


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_body_waits_while_its_reading_is_paused(
    tmp_path: Path, encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed: list[bytes] = []
    feed = aiohttp.StreamReader.feed_data

    def noted(reader: aiohttp.StreamReader, data: bytes, size: int = 0) -> bool:
        fed.append(data)
        return feed(reader, data, size)

    monkeypatch.setattr(aiohttp.StreamReader, "feed_data", noted)
    sent, authority = asyncio.Event(), Authority()
    authority.write(tmp_path / "authority.pem")
    trusted = ssl.create_default_context(cafile=tmp_path / "authority.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED + CHUNKS[0])
        await sent.wait()
        for _ in range(5):
            writer.write(CHUNKS[1])
            await asyncio.sleep(0.005)
        writer.write(CHUNKS[2])
        await reader.read()

    shown = authority.server_context(tmp_path) if encrypted else None
    async with (
        serving(serve, shown) as url,
        httpx2.AsyncClient(transport=transport("aiohttp", trusted)) as client,
        client.stream("GET", url) as answer,
    ):
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"abcd"
        answer.extensions["pause_reading"]()
        sent.set()
        await asyncio.sleep(0.1)
        assert len(fed) == 1
        assert b"".join(waited := [piece async for piece in pieces]) == b"efg" * 5
        assert len(waited) < 5
        answer.extensions["pause_reading"]()
