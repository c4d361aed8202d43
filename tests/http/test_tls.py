"""Certificates are read once, not at each request: each reading holds up the event loop for 40 ms."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import ssl
import threading
from typing import Any

import httpcore2
import httpx2
import openai
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

from agentrun.http import tls
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.twilio.server import TwilioServer
from agentrun.transports import twilio_rest

PLAIN = inspect.unwrap(connect.open_tcp_connection)
"""What websockets has."""


@pytest.mark.parametrize("context", [tls.context, tls.system_context])
def test_it_verifies_a_server_and_its_name(context: Any) -> None:
    assert (context().verify_mode, context().check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_neither_a_request_of_twilio_nor_a_server_s_clients_read_certificates_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls.context()
    tls.system_context()
    readings: list[str] = []
    monkeypatch.setattr(httpcore2, "default_ssl_context", lambda **_: readings.append("httpx2"))
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: readings.append("ssl"))
    async with Resources():
        pass
    async with TwilioServer() as twilio:
        account = twilio_rest.account(twilio.environ())
        await account.check()
        await account.check()
    assert readings == []


def authorities(context: ssl.SSLContext) -> set[str]:
    """Whom it trusts; their order changes when one is looked up."""
    return {str(each) for each in context.get_ca_certs()}


async def _attempts(url: str) -> None:
    """Three connections over TLS, to nobody who speaks it."""
    for _ in range(3):
        with contextlib.suppress(OSError, InvalidHandshake):
            async with connect(url, open_timeout=10, proxy=None):
                pass


@pytest.mark.parametrize(("shared", "readings"), [(True, 0), (False, 3)])
async def test_connections_of_websockets_share_one_reading(
    monkeypatch: pytest.MonkeyPatch, shared: bool, readings: int
) -> None:
    """Where the second row fails, websockets shares it by itself, and ours can go."""
    if shared:
        tls.share_with_websockets()
        tls.system_context()
    else:
        monkeypatch.setattr(connect, "open_tcp_connection", PLAIN)
    count = 0
    make = ssl.create_default_context

    def read(*args: Any, **options: Any) -> ssl.SSLContext:
        nonlocal count
        count += 1
        return make(*args, **options)

    monkeypatch.setattr(ssl, "create_default_context", read)

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        await _attempts(f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert count == readings


async def test_the_first_connection_reads_certificates_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls.share_with_websockets()
    threads: list[threading.Thread] = []

    def read() -> ssl.SSLContext:
        threads.append(threading.current_thread())
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(tls, "system_context", read)
    with contextlib.suppress(OSError):
        await connect("wss://127.0.0.1:9/", open_timeout=5, proxy=None)
    assert threads
    assert threading.main_thread() not in threads


async def test_a_connection_that_brings_a_context_of_its_own_keeps_it() -> None:
    tls.share_with_websockets()
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connecting = connect("wss://127.0.0.1:9/", ssl=own, open_timeout=5, proxy=None)
    with contextlib.suppress(OSError):
        await connecting
    assert connecting.create_connection_kwargs["ssl"] is own


def test_the_shared_context_verifies_as_one_of_their_own_does() -> None:
    shared, own = tls.system_context(), ssl.create_default_context()
    assert (shared.verify_mode, shared.check_hostname) == (own.verify_mode, own.check_hostname)
    assert authorities(shared) == authorities(own)


async def test_a_server_reads_nothing_more_for_its_first_connection_over_a_websocket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Resources():
        made: list[object] = []
        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: made.append(1))
        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_, **__: made.append(1))
        await _attempts("wss://127.0.0.1:9/")
    assert made == []


async def test_openai_s_client_trusts_whom_the_system_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does by itself: an authority that a company has installed is not lost."""
    chosen: list[ssl.SSLContext] = []
    client = openai.DefaultAsyncHttpxClient

    def made(**options: Any) -> Any:
        chosen.append(options["verify"])
        return client(**options)

    monkeypatch.setattr(openai, "DefaultAsyncHttpxClient", made)
    async with Resources():
        pass
    assert chosen == [tls.system_context()]
    assert authorities(tls.system_context()) == authorities(httpx2.create_ssl_context())
