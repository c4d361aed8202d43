"""`doctor --live` asks a running server, through its public address, what strangers get."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.doctor import exposure_checks
from agentrun.server.doctor.local_checks import Finding
from agentrun.server.lifecycle.startup import RunningServer
from tests.server.auth import proxies
from tests.server.auth.test_proxies import port_of, serving


@contextlib.asynccontextmanager
async def reached(
    folder: Path, environ: dict[str, str] | None = None
) -> AsyncIterator[tuple[RunningServer, str]]:
    """A server behind a tunnel, and the tunnel's address."""
    async with serving(folder, environ) as server, proxies.tcp_tunnel(folder, port_of(server)) as port:
        yield server, f"http://127.0.0.1:{port}"


async def look(folder: Path, url: str) -> Finding:
    plan: Plan = planning.make(spec.load(folder / "desk.yaml"), (), {}, public_url=url)
    [found] = await exposure_checks.routes([plan])
    return found


async def test_a_server_that_does_not_know_that_it_is_reached_is_open_and_the_doctor_says_where(
    tmp_path: Path,
) -> None:
    async with reached(tmp_path) as (_, url):
        found = await look(tmp_path, url)
        assert found.state == "error"
        for path in ("/", "/agents", "/dashboard", "/health", "/metrics", "/desk/calls/doctor", "/desk/eval"):
            assert f"{path}," in f"{found.words},"
        assert "/desk/browser/offer" in found.words
        assert "--public-url" in found.hint


async def test_a_server_with_a_key_tells_strangers_nothing(tmp_path: Path) -> None:
    async with reached(tmp_path, {"AGENTRUN_API_KEY": "the-servers-key"}) as (_, url):
        found = await look(tmp_path, url)
        assert (found.state, found.hint) == ("ok", "")


async def test_one_open_route_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalAccess, "is_reachable", False)
    async with reached(tmp_path, {"AGENTRUN_API_KEY": "the-servers-key"}) as (_, url):
        found = await look(tmp_path, url)
        assert found.state == "error"
        assert "/metrics" not in found.words


async def test_a_server_that_is_down_was_not_looked_at(tmp_path: Path) -> None:
    async with reached(tmp_path) as (_, url):
        pass
    found = await look(tmp_path, url)
    assert found.state == "warning"
    assert "can't be reached" in found.words
