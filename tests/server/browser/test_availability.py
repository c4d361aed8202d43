"""Without the libraries of WebRTC the server answers calls, and says what the page needs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.requests import HTTPConnection

from agentrun import spec
from agentrun.cli.output import server_screen
from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.server.auth.call_access import Access
from agentrun.server.browser import availability
from agentrun.server.lifecycle.startup import RunningServer
from agentrun.spec.checks import required_extras
from agentrun.spec.models.agent import LocalTransport


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not installed."""
    monkeypatch.setattr(
        "agentrun.spec.checks.required_extras.find_spec",
        lambda name: None if name == "aiortc" else find_spec(name),
    )


def agent(*types: str) -> Any:
    transports = [
        LocalTransport(type="local") if each == "local" else SimpleNamespace(type=each) for each in types
    ]
    return SimpleNamespace(spec=SimpleNamespace(name="desk", transport=transports))


@pytest.mark.parametrize(
    ("text", "line"),
    [("transport: local", 1), ("transport: {type: local}", 1), ("transport:\n  - twilio\n  - local", 3)],
)
@pytest.mark.usefixtures("missing")
def test_a_check_warns_where_the_spec_asks_for_the_browser(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(f"{text}\nprompts: Be brief.\npipeline: {{llm: openai/gpt-4o}}\n", encoding="utf-8")
    (found,) = required_extras.missing(spec.load(path))
    assert (found.line, found.hint, found.severity) == (line, install_extra("browser"), "warning")
    assert found.message == "the browser page needs aiortc, which is not installed"


@pytest.mark.usefixtures("missing")
def test_an_agent_for_the_browser_does_not_start_and_one_for_the_telephone_does() -> None:
    availability.require(cast(Plan, agent("twilio")))
    for types in (("local",), ("twilio", "local")):
        with pytest.raises(SetupError, match="'desk': the browser page needs aiortc") as caught:
            availability.require(cast(Plan, agent(*types)))
        assert caught.value.hint == install_extra("browser")


def test_an_agent_for_the_browser_starts_where_the_libraries_are() -> None:
    availability.require(cast(Plan, agent("local")))


def let_in(_connection: HTTPConnection) -> None:
    """Everybody."""


async def answer_to(method: str, path: str, *, local: bool) -> httpx.Response:
    app = FastAPI()
    app.include_router(availability.explanation(let_in if local else None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.request(method, path)


async def test_the_page_says_to_this_machine_what_to_install() -> None:
    answer = await answer_to("GET", "/", local=True)
    assert (answer.status_code, answer.json()["detail"].endswith(install_extra("browser"))) == (501, True)
    assert (await answer_to("GET", "/", local=False)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/desk/browser/offer"),
        ("PATCH", "/desk/browser/offer"),
        ("POST", "/start"),
        ("POST", "/api/offer"),
        ("PATCH", "/sessions/s1/api/offer"),
    ],
)
async def test_an_offer_is_refused_without_a_word_on_where_the_server_lies(method: str, path: str) -> None:
    answer = await answer_to(method, path, local=False)
    assert answer.status_code == 501
    assert answer.json() == {"detail": "calls from browsers are not installed on this server"}


def start_screen(
    capsys: pytest.CaptureFixture[str],
    origins: frozenset[str],
    url: str = "http://127.0.0.1:7860",
    **environ: str,
) -> str:
    """What ``agentrun serve`` shows once it listens, in one line."""
    plan = SimpleNamespace(
        spec=SimpleNamespace(name="desk"), transports=(), daily=None, has_transport=lambda _type: True
    )
    settings = SimpleNamespace(
        host="127.0.0.1",
        one_of_many=False,
        offline=True,
        access=Access.OPEN,
        public_urls={},
        environ=environ,
        origins=origins,
        local=SimpleNamespace(is_reachable=False, token=""),
        dispatch=None,
    )
    board = SimpleNamespace(plans={"desk": plan})
    server = SimpleNamespace(url=url, settings=settings, switchboard=board)
    server_screen.show_start(cast(RunningServer, server))
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("missing")
def test_the_start_screen_names_the_extra_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = start_screen(capsys, frozenset())
    assert install_extra("browser") in shown
    assert "open http://127.0.0.1:7860/ " not in shown
    assert "browser  " not in shown


def test_the_start_screen_shows_an_ipv6_address_whole(capsys: pytest.CaptureFixture[str]) -> None:
    shown = start_screen(capsys, frozenset(), "http://[fd00::1]:7860")
    assert "twilio http://[fd00::1]:7860/desk/twilio/voice " in shown
    assert " open http://[fd00::1]:7860/ " in shown


def test_the_start_screen_says_what_an_allowed_origin_needs(capsys: pytest.CaptureFixture[str]) -> None:
    site = frozenset({"https://www.example.com"})
    shown = start_screen(capsys, site)
    assert "--allow-origin has no effect yet" in shown
    assert "set AGENTRUN_API_KEY" in shown
    assert "--allow-origin" not in start_screen(capsys, site, AGENTRUN_API_KEY="k")
    assert "--allow-origin" not in start_screen(capsys, frozenset())
