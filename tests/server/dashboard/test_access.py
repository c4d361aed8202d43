"""The dashboard is for this machine, or for whoever has its password."""

from __future__ import annotations

import httpx
import pytest
from fastapi import Depends, FastAPI

from agentrun.server.auth.call_access import Access
from agentrun.server.dashboard.access import MOST_WRONG, VARIABLE, WINDOW_SECONDS, is_open, require
from agentrun.server.lifecycle.settings import ServerSettings

PUBLIC = "192.0.2.1"


def settings(host: str, password: str = "") -> ServerSettings:
    environ = {VARIABLE: password} if password else {}
    return ServerSettings(host, Access.OPEN, environ)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def client(
    host: str, password: str = "", clock: Clock | None = None, peer: str = "127.0.0.1"
) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(require(settings(host, password), clock or Clock()))])
    async def page() -> str:
        return "in"

    transport = httpx.ASGITransport(app, client=(peer, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("host", "password", "is_there"),
    [("127.0.0.1", "", True), (PUBLIC, "", False), (PUBLIC, "p", True)],
)
def test_on_a_public_address_there_is_none_without_a_password(
    host: str, password: str, is_there: bool
) -> None:
    assert is_open(settings(host, password)) is is_there


async def test_on_this_machine_a_browser_is_let_in_and_a_foreign_name_is_not() -> None:
    async with client("127.0.0.1") as one:
        assert (await one.get("/")).status_code == 200
        assert (await one.get("/", headers={"host": "evil.example"})).status_code == 403
        assert (await one.get("/", headers={"x-forwarded-for": "1.2.3.4"})).status_code == 403


async def test_a_password_is_asked_for_and_compared() -> None:
    async with client(PUBLIC, "secret", peer="203.0.113.5") as one:
        refused = await one.get("/")
        assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        assert "secret" not in refused.text
        assert (await one.get("/", auth=("me", "secre"))).status_code == 401
        assert (await one.get("/", headers={"authorization": "Basic ???"})).status_code == 401
        assert (await one.get("/", auth=("me", "secret"))).status_code == 200


async def test_who_guesses_is_held_up() -> None:
    clock = Clock()
    async with client(PUBLIC, "secret", clock) as one:
        for _ in range(MOST_WRONG):
            assert (await one.get("/", auth=("me", "guess"))).status_code == 401
        held = await one.get("/", auth=("me", "secret"))
        assert (held.status_code, held.headers["retry-after"]) == (429, "60")
        clock.now += WINDOW_SECONDS
        assert (await one.get("/", auth=("me", "secret"))).status_code == 200
