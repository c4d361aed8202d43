"""A server of MCP whose tokens expire: they are fetched, kept, and renewed within a call."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx2
import pytest
from loguru import logger

from agentrun.spec.models.tools.mcp import ClientCredentials, McpServer
from agentrun.testing import virtual_time
from agentrun.tools.mcp import oauth
from tests.calls.desk import until
from tests.tools.mcp.conftest import Desk
from tests.tools.mcp.test_http_refusal import SHOP, Refusing

SECRET = "the-clients-own-secret"


class Shop(Refusing):
    """Takes the last token that it gave; ``granted`` are its answers, and then ``lasting`` ones."""

    port: ClassVar[int] = 0
    tokens: ClassVar[list[str]] = []
    asked: ClassVar[list[tuple[str, dict[str, list[str]]]]] = []
    granted: ClassVar[list[tuple[int, Any]]] = []
    lasting: ClassVar[dict[str, Any]] = {}
    taken: ClassVar[dict[str, Any]] = {**SHOP, "tools/call": {"content": [{"type": "text", "text": "baked"}]}}

    def do_POST(self) -> None:  # noqa: N802 - the name that is asked for
        if self.path == "/token":
            self._grant()
        elif self.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            self._answer(401, b'{"error": "expired"}')
        else:
            super().do_POST()

    def _grant(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.asked.append((self.headers.get("authorization", ""), parse_qs(body)))
        if self.granted:
            status, answer = self.granted.pop(0)
        else:
            self.tokens.append(f"token-{len(self.asked)}")
            status, answer = 200, {"access_token": self.tokens[-1], "token_type": "bearer", **self.lasting}
        self._answer(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


@pytest.fixture
def shop() -> Iterator[type[Shop]]:
    kind: type[Shop] = type(
        "Kind", (Shop,), {"tokens": ["none yet"], "asked": [], "granted": [], "lasting": {}}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    kind.port = server.server_port
    yield kind
    server.shutdown()
    server.server_close()


def desk(shop: type[Shop], folder: Path) -> Desk:
    url = f"http://127.0.0.1:{shop.port}"
    login = ClientCredentials(
        token_url=f"{url}/token", client_id="desk", client_secret="${SHOP_SECRET}", scope="orders"
    )
    return Desk(McpServer(url=f"{url}/mcp", oauth=login), folder, {"SHOP_SECRET": SECRET})


async def test_a_token_that_is_refused_in_a_call_is_renewed_within_it(
    shop: type[Shop], tmp_path: Path
) -> None:
    here = desk(shop, tmp_path)
    connection = await here.connect()
    assert connection.is_up, connection.trouble
    login = "Basic " + base64.b64encode(f"desk:{SECRET}".encode()).decode()
    assert shop.asked == [(login, {"grant_type": ["client_credentials"], "scope": ["orders"]})]
    assert (await here.run("order")).text == "baked"
    shop.tokens.append("another, of which nobody knows")
    outcomes = await asyncio.gather(*(here.run("order") for _ in range(4)))
    assert [outcome.text for outcome in outcomes] == ["baked"] * 4
    assert len(shop.asked) == 2, "one is enough for all"
    await here.servers.close()


async def test_a_token_is_renewed_before_it_expires(shop: type[Shop], tmp_path: Path) -> None:
    shop.lasting["expires_in"] = 10.5
    here = desk(shop, tmp_path)
    await here.connect()
    before = len(shop.asked)
    await asyncio.sleep(1.1)
    assert (await here.run("order")).text == "baked"
    await until(lambda: len(shop.asked) == before + 1, 20)
    await here.servers.close()


def test_an_endpoint_that_hangs_keeps_nobody_waiting_who_has_a_token_and_all_others_once() -> None:
    asked, hangs, told, now = list[str](), [False], list[str](), [0.0]

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/token":
            return httpx2.Response(200, json={"shown": request.headers.get("authorization")})
        asked.append(request.headers["authorization"])
        if hangs[0]:
            await asyncio.sleep(60)
        return httpx2.Response(200, json={"access_token": f"token-{len(asked)}", "expires_in": "20"})

    settings = {"token_url": "https://a/token", "client_id": "a:b", "client_secret": "x%2By+z"}

    async def main() -> None:
        transport = httpx2.MockTransport(answer)
        async with httpx2.AsyncClient(transport=transport) as asking:
            login = oauth.ClientCredentials(settings, asking, told.append, lambda: now[0])
            async with httpx2.AsyncClient(transport=transport, auth=login) as web:

                async def shown() -> Any:
                    return (await web.get("https://a/mcp")).json()["shown"]

                assert await shown() == "Bearer token-1"
                assert base64.b64decode(asked[0].removeprefix("Basic ")) == b"a%3Ab:x%252By%2Bz"
                hangs[0], now[0] = True, 11.0
                began = asyncio.get_running_loop().time()
                assert [await shown() for _ in range(4)] == ["Bearer token-1"] * 4
                assert asyncio.get_running_loop().time() - began < oauth.TOKEN_SECONDS
                now[0] = 21.0
                assert await asyncio.gather(*(shown() for _ in range(4))) == [None] * 4
                assert len(asked) <= 4, "all who wait do so for one request"
                assert "no answer within 5 s" in told[-1]
                hangs[0] = False
                assert (await shown()).startswith("Bearer token-")
            await login.close()

    virtual_time.run(main())


@pytest.mark.parametrize(
    ("status", "answer", "why"),
    [
        (401, {"error": "invalid_client"}, "the answer was 401 (invalid_client)"),
        (503, b"<html>", "the answer was 503"),
        (200, b"<html>", "the answer was 200"),
        (200, {"access_token": 7}, "the answer was 200"),
        (200, {"access_token": "a\nb"}, "the answer had a token that can't be sent"),
        (200, {"access_token": "a" * 20_000}, "the answer had a token that can't be sent"),
        (200, b"x" * 100_000, "AnswerTooLongError"),
        (302, b"", "the answer was 302"),
    ],
)
async def test_a_token_that_cannot_be_renewed_is_told_and_logged_without_a_secret(
    shop: type[Shop], tmp_path: Path, status: int, answer: Any, why: str
) -> None:
    here, lines = desk(shop, tmp_path), list[str]()
    connection = await here.connect()
    number = logger.add(lambda line: lines.append(str(line)), level="ERROR", format="{message}")
    shop.tokens.append("another, of which nobody knows")
    shop.granted += [(status, answer)] * 9
    outcome = await here.run("order")
    logger.remove(number)
    assert outcome.status == "refused"
    assert "order is not available at the moment" in outcome.text
    assert f"its token could not be renewed: {why}" in outcome.detail
    assert any(why in line for line in lines)
    assert SECRET not in f"{outcome} {lines}"
    assert connection.is_up
    shop.granted.clear()
    assert (await here.run("order")).text == "baked", "the next one is"
    await here.servers.close()
