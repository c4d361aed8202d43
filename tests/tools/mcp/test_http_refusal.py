"""Servers over HTTP that refuse: what the log and ``doctor`` say of them, and what the model is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
from loguru import logger

from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.mcp.http_refusal import HttpRefusal
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

    def make(base: type[Refusing] = Refusing, **kind: Any) -> McpServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Kind", (base,), kind))
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


class Forgetful(Refusing):
    """Gives each client a session, and knows no older one."""

    body: ClassVar[bytes] = b""
    sessions: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["method"] == "initialize":
            self.sessions.append(f"session-{len(self.sessions)}")
        if body["method"] in ("initialize", "server/discover"):
            self._reply(body)
        elif self.headers.get("mcp-session-id") != self.sessions[-1]:
            self._answer(self.status, self.body)
        elif "id" in body:
            self._reply(body)
        else:
            self._answer(202, b"")

    def _reply(self, body: dict[str, Any]) -> None:
        ordered = {"content": [{"type": "text", "text": f"ordered in {self.sessions[-1:]}"}]}
        result = {**SHOP, "tools/call": ordered}[body["method"]]
        unknown = {"error": {"code": -32601, "message": "no such method"}}
        content = unknown if result is None else {"result": result}
        self._answer(200, json.dumps({"jsonrpc": "2.0", "id": body["id"], **content}).encode())

    def end_headers(self) -> None:
        if self.sessions:
            self.send_header("mcp-session-id", self.sessions[-1])
        super().end_headers()


def _error(code: int, message: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b""),
        (404, _error(-32001, "Session not found")),
        (400, _error(-32000, "Bad Request: No valid session ID provided")),
    ],
)
async def test_a_session_that_the_server_has_forgotten_is_made_anew_within_the_call(
    refusing: Callable[..., McpServer], tmp_path: Path, status: int, body: bytes
) -> None:
    sessions: list[str] = []
    server = refusing(Forgetful, status=status, body=body, sessions=sessions)
    desk = Desk(server, tmp_path, {"SHOP_KEY": KEY})
    await desk.connect()
    assert (await desk.run("order")).text == "ordered in ['session-0']"
    sessions.append("session-of-another-start")
    outcome = await desk.run("order")
    assert (outcome.status, outcome.text) == ("ok", "ordered in ['session-2']")
    await desk.servers.close()


async def test_a_request_with_a_wrong_argument_is_refused_in_the_session(
    refusing: Callable[..., McpServer], tmp_path: Path
) -> None:
    sessions: list[str] = []
    body = _error(-32602, "Invalid arguments for book_session: no day")
    desk = Desk(refusing(Forgetful, status=400, body=body, sessions=sessions), tmp_path, {"SHOP_KEY": KEY})
    connection = await desk.connect()
    sessions.append("which the server asks for")
    assert "Invalid arguments for book_session: no day" in (await desk.run("order")).text
    assert connection.is_up
    assert len(sessions) == 2, "another session has begun"
    await desk.servers.close()


async def test_an_error_of_a_tool_is_its_own_while_another_request_is_refused() -> None:
    refusal = HttpRefusal()
    request = httpx2.Request("POST", "http://127.0.0.1/mcp", headers={"mcp-session-id": "1"})
    for status, error in ((200, b""), (400, _error(-32000, "Bad Request: No valid session ID provided"))):
        headers = {"content-type": "application/json"}
        await refusal.note(httpx2.Response(status, content=error, headers=headers, request=request))
    assert not refusal.is_forgotten("No training session 12 on Monday")
    assert refusal.is_forgotten("Bad Request: No valid session ID provided")


class Breaking(Refusing):
    """Begins to answer a tool's call, and is gone."""

    taken: ClassVar[dict[str, Any]] = SHOP
    status: ClassVar[int] = 200

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        if body == b'{"error": "no"}':
            body, kind = b": at work\n\n", "text/event-stream"
        super()._answer(status, body, kind)


async def test_an_answer_that_breaks_off_is_no_refusal(
    refusing: Callable[..., McpServer], tmp_path: Path
) -> None:
    desk = Desk(refusing(Breaking), tmp_path, {"SHOP_KEY": KEY})
    await desk.connect()
    assert "it may or may not have taken effect" in (await desk.run("order")).text
    await desk.servers.close()
