"""The dashboard is for this machine, or for whoever has its password."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from fastapi import Depends, FastAPI

from agentrun.server.auth.call_access import Access
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.dashboard import password_attempts
from agentrun.server.dashboard.access import VARIABLE, is_open, require
from agentrun.server.dashboard.error_pages import route_class
from agentrun.server.dashboard.page_writer import PageWriter
from agentrun.server.dashboard.password_attempts import (
    FREE_GUESSES,
    MOST_WAITING,
    PAUSE_SECONDS,
    WINDOW_SECONDS,
    PasswordAttempts,
)
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
    host: str,
    password: str = "",
    guesses: PasswordAttempts | None = None,
    peer: str = "127.0.0.1",
    given: ServerSettings | None = None,
) -> httpx.AsyncClient:
    app = FastAPI()
    app.router.route_class = route_class(PageWriter(has_talk=False))

    @app.get("/", dependencies=[Depends(require(given or settings(host, password), guesses))])
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


async def test_who_guesses_is_slowed_down_and_the_owner_is_let_in() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    clock = Clock()
    guesses = PasswordAttempts(clock, pause)
    async with client(PUBLIC, "secret", guesses, "203.0.113.5") as stranger:
        for _ in range(2 * FREE_GUESSES):
            assert (await stranger.get("/", auth=("me", "guess"))).status_code == 401
        assert pauses == [PAUSE_SECONDS] * FREE_GUESSES
        pauses.clear()
        async with client(PUBLIC, "secret", guesses, "203.0.113.6") as owner:
            assert (await owner.get("/", auth=("me", "secret"))).status_code == 200
        assert pauses == [], "another address is not slowed down"
        assert (await stranger.get("/", auth=("me", "secret"))).status_code == 200, "nor locked out here"
        assert pauses == [PAUSE_SECONDS]
        clock.now += WINDOW_SECONDS
        assert (await stranger.get("/", auth=("me", "secret"))).status_code == 200
        assert pauses == [PAUSE_SECONDS], "it is over after a minute"


async def test_tries_at_once_wait_for_each_other_and_are_bounded() -> None:
    free, most, at_once = asyncio.Event(), 0, 0

    async def pause(_: float) -> None:
        nonlocal most, at_once
        at_once += 1
        most = max(most, at_once)
        await free.wait()
        at_once -= 1

    guesses = PasswordAttempts(Clock(), pause)
    for _ in range(FREE_GUESSES):
        guesses.wrong("203.0.113.5")
    async with client(PUBLIC, "secret", guesses, "203.0.113.5") as stranger:
        tries = [asyncio.create_task(stranger.get("/", auth=("me", "guess"))) for _ in range(50)]
        await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
        free.set()
        codes = [(await one).status_code for one in tries]
    assert (codes.count(401), codes.count(429)) == (MOST_WAITING, 50 - MOST_WAITING)
    assert most == 1


async def test_a_browser_that_was_let_in_does_not_wait_for_those_who_guess() -> None:
    free = asyncio.Event()

    async def pause(_: float) -> None:
        await free.wait()

    guesses, given = PasswordAttempts(Clock(), pause), settings("127.0.0.1", "secret")
    given = replace(given, local=LocalAccess(b"x" * 32, 7860))
    passed = {"x-forwarded-for": "203.0.113.5"}
    async with (
        client("127.0.0.1", "secret", guesses, given=given) as owner,
        client("127.0.0.1", "secret", guesses, given=given) as strangers,
        client("127.0.0.1", "other", guesses, given=replace(given, environ={VARIABLE: "other"})) as changed,
    ):
        first = await owner.get("/", auth=("me", "secret"), headers=passed)
        mark = first.headers["set-cookie"]
        assert "Path=/dashboard; HttpOnly; SameSite=Strict" in mark
        headers = {**passed, "cookie": mark.partition(";")[0]}
        for _ in range(FREE_GUESSES):
            await strangers.get("/", auth=("me", "guess"), headers=passed)
        tries = [
            asyncio.create_task(strangers.get("/", auth=("me", "guess"), headers=passed))
            for _ in range(MOST_WAITING)
        ]
        await asyncio.sleep(0)
        for _ in range(100):
            again = await owner.get("/", auth=("me", "secret"), headers=headers)
            assert (again.status_code, "set-cookie" in again.headers) == (200, False)
        assert (await owner.get("/", headers=headers)).status_code == 401, "it is no password"
        assert (await owner.get("/", auth=("me", "guess"), headers=headers)).status_code == 401
        assert (await owner.get("/", auth=("me", "secret"))).status_code == 200, "nor those who come directly"
        late = await changed.get("/", auth=("me", "other"), headers=headers)
        assert late.status_code == 429, "a mark of an earlier password is none"
        forged = {**passed, "cookie": headers["cookie"][:-1]}
        refused = await strangers.get("/", auth=("me", "secret"), headers=forged)
        assert refused.status_code == 429
        free.set()
        await asyncio.gather(*tries)


async def test_a_password_may_have_any_letters() -> None:
    async with client(PUBLIC, "schlüssel-日本", peer="203.0.113.5") as one:
        assert (await one.get("/", auth=("me", "schlüssel-日本"))).status_code == 200
        assert (await one.get("/", auth=("me", "schlssel-"))).status_code == 401


def test_a_network_of_ipv6_is_one_address_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_attempts, "MOST_ADDRESSES", 5)
    guesses = PasswordAttempts(Clock())
    for number in range(20):
        guesses.wrong(f"2001:db8::{number:x}")
    assert list(guesses._addresses) == ["2001:db8::/64"]
    for number in range(20):
        guesses.wrong(f"203.0.113.{number}")
    assert len(guesses._addresses) == 5


async def test_this_machines_user_needs_no_password() -> None:
    given = settings("127.0.0.1", "secret")
    async with client("127.0.0.1", "secret", given=given) as one:
        assert (await one.get("/")).status_code == 401
        token = {"authorization": f"Bearer {given.local.token}"}
        assert (await one.get("/", headers=token)).status_code == 200
        assert (await one.get("/", headers={**token, "x-forwarded-for": "1.2.3.4"})).status_code == 403
