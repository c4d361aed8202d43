"""Servers over HTTP that refuse: what the log and ``doctor`` say of them, and what the model is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from loguru import logger

from agentrun.spec.models.tools.mcp import McpServer
from tests.tools.mcp.conftest import Desk

KEY = "a-key-of-the-shop"
SHOP = {
    "server/discover": None,
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "shop", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "order", "inputSchema": {"type": "object", "properties": {}}}]},
}


class Refusing(BaseHTTPRequestHandler):
    """Answers every request of MCP with ``status``, those in ``taken`` apart."""

    status: ClassVar[int] = 401
    taken: ClassVar[dict[str, Any]] = {}
    stream: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "id" not in body:
            self._answer(202, b"")
        elif body["method"] not in self.taken:
            self._answer(self.status, b'{"error": "no"}')
        elif (result := self.taken[body["method"]]) is None:
            error = {"code": -32601, "message": "no such method"}
            self._answer(200, json.dumps({"jsonrpc": "2.0", "id": body["id"], "error": error}).encode())
        else:
            self._answer(200, json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": result}).encode())

    def do_GET(self) -> None:
        if self.stream:
            self._answer(200, self.stream, "text/event-stream")
        else:
            self._answer(405, b"")

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def refusing() -> Iterator[Callable[..., McpServer]]:
    """Makes servers that refuse."""
    servers: list[ThreadingHTTPServer] = []

    def make(**kind: Any) -> McpServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Kind", (Refusing,), kind))
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        headers = {"Authorization": "Bearer ${SHOP_KEY}"}
        return McpServer(url=f"http://127.0.0.1:{server.server_port}/mcp", headers=headers)

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "it answered 401 Unauthorized: its key is missing, wrong or has expired: see `headers:`"),
        (403, "it answered 403 Forbidden: the key in `headers:` is not allowed"),
        (404, "it answered 404 Not Found: there is no MCP server at this path"),
        (405, "it answered 405 Method Not Allowed: what is at this path takes no requests of MCP"),
        (429, "it answered 429 Too Many Requests"),
        (503, "it answered 503 Service Unavailable: its own log says why"),
        (599, "it answered 599"),
    ],
)
async def test_a_status_is_told_with_what_to_do(
    refusing: Callable[..., McpServer], tmp_path: Path, status: int, words: str
) -> None:
    desk = Desk(refusing(status=status), tmp_path, {"SHOP_KEY": KEY})
    connection = await desk.connect()
    assert connection.trouble.startswith(words)
    assert KEY not in connection.trouble
    assert words in desk.found().troubles[0]
    await desk.servers.close()


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_a_server_of_the_older_transport_is_known_by_its_stream(
    refusing: Callable[..., McpServer], tmp_path: Path, status: int
) -> None:
    older = refusing(status=status, stream=b"event: endpoint\ndata: /messages?session=1\n\n")
    desk = Desk(older, tmp_path, {"SHOP_KEY": KEY})
    assert "it speaks HTTP with SSE, MCP's transport of 2024" in (await desk.connect()).trouble
    await desk.servers.close()


@pytest.mark.parametrize("stream", [b"event: news\ndata: {}\n\n", b"\n"])
async def test_another_stream_of_events_is_not_taken_for_it(
    refusing: Callable[..., McpServer], tmp_path: Path, stream: bytes
) -> None:
    desk = Desk(refusing(status=405, stream=stream), tmp_path, {"SHOP_KEY": KEY})
    assert "405 Method Not Allowed" in (await desk.connect()).trouble
    await desk.servers.close()


async def test_a_key_that_is_refused_in_a_call_is_logged_and_not_told_to_the_model(
    refusing: Callable[..., McpServer], tmp_path: Path
) -> None:
    desk, lines = Desk(refusing(taken=SHOP), tmp_path, {"SHOP_KEY": KEY}), list[str]()
    number = logger.add(lambda line: lines.append(str(line)), level="ERROR", format="{message}")
    connection = await desk.connect()
    assert connection.is_up
    outcome = await desk.run("order")
    logger.remove(number)
    assert outcome.status == "refused"
    assert "order is not available at the moment" in outcome.text
    assert "401" not in outcome.text
    assert any("refused order: it answered 401 Unauthorized" in line for line in lines)
    assert connection.is_up, "the session is well, only the key is not"
    await desk.servers.close()
