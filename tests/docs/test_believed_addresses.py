"""Who asks through a balancer is known by its own address, whatever the request says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from tests.docs.test_balancer import configuration, found, nginx, running
from tests.ports import free_port

CALLER = "127.0.0.2"
SPOOFED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.7"}


async def tell_who_asks(scope: Any, _receive: object, send: Callable[[Any], Any]) -> None:
    """An application that answers with the address and the scheme by which it knows who asks."""
    if scope["type"] != "http":
        raise NotImplementedError
    body = f"{scope['scheme']} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("writes", [configuration, nginx], ids=["haproxy", "nginx"])
@pytest.mark.parametrize(
    ("proxies", "expected"), [("127.0.0.1", CALLER), (None, "127.0.0.1"), ("10.0.0.1", "127.0.0.1")]
)
async def test_what_a_caller_writes_itself_is_not_believed(
    tmp_path: Path, writes: Callable[..., Path], proxies: str | None, expected: str
) -> None:
    if not found("nginx" if writes is nginx else "haproxy"):
        pytest.skip("the balancer is not installed")
    sock, port = bind("127.0.0.1", 0), free_port()
    machine = sock.getsockname()[1]
    transport = httpx.AsyncHTTPTransport(local_address=CALLER)
    async with serving(tell_who_asks, sock, forwarded_allow_ips=proxies):
        with running(writes(tmp_path, port, machine, machine), port) as url:
            async with httpx.AsyncClient(transport=transport, timeout=30) as client:
                answers = [(await client.get(f"{url}/desk", headers=each)).text for each in ({}, SPOOFED)]
    assert answers[0] == answers[1], "nothing of it is heeded"
    assert answers[0].split()[1] == expected
