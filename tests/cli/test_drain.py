"""A server that is told to stop: its calls finish first, and it never waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from agentrun.cli.commands import serve as command
from agentrun.cli.input import ctrl_c
from agentrun.cli.output import server_screen
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.lifecycle import drain, startup
from agentrun.server.lifecycle.options import Worker
from agentrun.simulate.caller import Caller, RefusedError
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, listen
from tests.cli.serve_process import SPEC, Serving, serve, serving


@contextlib.asynccontextmanager
async def draining(folder: Path, drain: str) -> AsyncIterator[tuple[Serving, str, OpenAIServer]]:
    """A serving process with its address, and the mock server that it asks."""
    spec = folder / "desk.yaml"
    spec.write_text(SPEC.replace("apology: Sorry.", "apology: Sorry., goodbye: I must go., busy: All busy."))
    brain = ScriptedBrain([HELLO, OPEN, OPEN, OPEN])
    async with OpenAIServer(ScriptedHearing(["When are you open?"]), ToneVoice(), brain) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with serving(spec, given, "--drain", drain) as (process, url):
            yield process, url, openai


async def status(url: str, path: str, seconds: float = 5.0, until: int = 503) -> int:
    """The status of ``path``, as soon as it is ``until``."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.timeout(seconds):
        while (found := (await client.get(path)).status_code) != until:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return found


async def test_a_server_that_drains_takes_no_call_and_finishes_the_one_it_has(tmp_path: Path) -> None:
    async with draining(tmp_path, "5m") as (process, url, _):
        assert await status(url, "/ready", until=200) == 200
        async with Caller().call(f"{url}/desk") as call:
            await call.hear_greeting()
            process.send_signal(signal.SIGTERM)
            assert await status(url, "/ready") == 503
            assert await status(url, "/health", until=200) == 200
            with pytest.raises(RefusedError) as refused:
                async with Caller().call(f"{url}/desk"):
                    pass
            assert refused.value.heard == "All busy."
            await call.say(QUESTION)
            assert await listen(call), "the call goes on"
            assert process.returncode is None
        assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_after_the_drain_callers_hear_a_goodbye(tmp_path: Path) -> None:
    async with draining(tmp_path, "200ms") as (process, url, openai), Caller().call(f"{url}/desk") as call:
        await call.hear_greeting()
        process.send_signal(signal.SIGTERM)
        assert await listen(call), "the goodbye is heard"
        assert await asyncio.wait_for(process.wait(), 20) == 0
        assert call.over
        spoken = [request.body.get("input") for request in openai.requests if request.route == "speech"]
        assert spoken[-1] == "I must go."


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_a_drain_at_once(tmp_path: Path, second: signal.Signals) -> None:
    async with draining(tmp_path, "5m") as (process, url, openai), Caller().call(f"{url}/desk") as call:
        await call.hear_greeting()
        process.send_signal(signal.SIGTERM)
        assert await status(url, "/ready") == 503
        process.send_signal(second)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert not [r for r in openai.requests if r.route == "speech" and "I must go." in str(r.body)]


@pytest.mark.parametrize(("told_while_starting", "lame_duck"), [(True, 0.0), (False, 10.0)])
async def test_a_server_that_is_told_to_stop_while_it_starts_waits_for_no_balancer(
    monkeypatch: pytest.MonkeyPatch, told_while_starting: bool, lame_duck: float
) -> None:
    stop, waited = ctrl_c.StopRequest(), list[float]()
    settings, board = SimpleNamespace(local=LocalAccess()), SimpleNamespace(plans={})
    started = SimpleNamespace(settings=settings, switchboard=board, talk=None)

    @contextlib.asynccontextmanager
    async def starting(*_: object) -> AsyncIterator[object]:
        if told_while_starting:
            stop.note(signal.SIGTERM)
        else:
            asyncio.get_running_loop().call_later(0.05, stop.note, signal.SIGTERM)
        yield started

    async def leave(_board: object, _drain: float, _now: object, lame_duck: float) -> None:
        waited.append(lame_duck)

    monkeypatch.setattr(ctrl_c, "stopping", lambda: contextlib.nullcontext(stop))
    monkeypatch.setattr(startup, "running_server", starting)
    monkeypatch.setattr(drain, "leave", leave)
    monkeypatch.setattr(server_screen, "show_stop", lambda *_: None)
    with socket.socket() as sock:
        assert await command._serve((), startup.Options(worker=Worker(1)), 5.0, 10.0, sock) == 0
    assert waited == [lame_duck]


def test_a_drain_without_a_unit_is_wrong_usage(tmp_path: Path) -> None:
    done = serve(tmp_path / "desk.yaml", "--drain", "5")
    assert done.returncode == 2
    assert "5 is not a duration: write 800ms, 30s or 15m" in done.stderr.replace("'", "")
