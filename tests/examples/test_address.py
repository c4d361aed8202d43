"""Where the scoreboard plugin may ask, and in which scheme."""

from __future__ import annotations

import socket

import pytest

from agentrun import Call
from agentrun.tools.build import build
from agentrun.tools.running.invoke import invoke
from plugins import ncaa


@pytest.mark.parametrize(
    "address", ["http://example.com", "http://127.0.0.1.example.com", "HTTP://example.com", "ftp://127.0.0.1"]
)
async def test_http_to_another_machine_is_refused_before_anything_is_sent(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where))
    call = Call(id="1", agent="ncaa", transport="local", environ={"NCAA_API_URL": address})
    outcome = await invoke(build(ncaa.get_mens_basketball_scores, "ncaa"), call, {})
    assert outcome.status == "refused"
    assert not asked
