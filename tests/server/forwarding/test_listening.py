"""A call that is up in another process, or at another machine, is listened to by way of this one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.records import CallRecord
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard.sound import live_stream
from agentrun.server.dashboard.sound.live_stream import LiveStreams
from agentrun.server.forwarding import forwarding
from agentrun.session.tracking.live_sound import Listener, ListenError
from tests.calls.desk import until
from tests.server.forwarding.sides import Side, pair, side

PIECE = bytes(range(200)) * 16


class Sound:
    """The sound of a call, piece by piece as the test gives it."""

    rate = 8000

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.listeners: list[Listener] = []

    def listen(self, ended: Callable[[], None]) -> Listener:
        if self.refusal:
            raise ListenError(self.refusal)
        self.listeners.append(Listener(self.listeners.remove, ended))
        return self.listeners[-1]


class Calls:
    """The calls of one process, as far as listening needs them: each is its own session and line."""

    def __init__(self, record: CallRecord | None = None, sound: Sound | None = None) -> None:
        self.record = record or CallRecord("none", "desk", "twilio")
        self.line, self.sound = self, sound

    def session(self, agent: str, call_id: str) -> Any:
        return self if (agent, call_id) == (self.record.agent, self.record.id) and self.sound else None


def listening(owner: Side, refusal: str = "", machine: str = "box") -> Calls:
    """A call of ``owner``, who answers the others."""
    calls = Calls(CallRecord("CA1", "desk", "twilio"), Sound(refusal))
    calls.record.machine = machine
    live_stream.answer_others(owner.forwarding, cast(Switchboard, calls))
    return calls


@contextlib.asynccontextmanager
async def dashboard(asker: Side, record: CallRecord) -> AsyncIterator[httpx.AsyncClient]:
    """The dashboard of a process that has no call, over a connection that can be cut."""
    app, streams = FastAPI(), LiveStreams(cast(Switchboard, Calls()), asker.forwarding)

    @app.get("/listen")
    async def listen(request: Request) -> Response:
        return await streams.answer(record.as_json(), request)

    sock = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    await asker.state.beat()
    async with serving(app, sock), httpx.AsyncClient(base_url=address, trust_env=False) as client:
        yield client


async def test_the_sound_comes_from_the_process_that_has_the_call(tmp_path: Path) -> None:
    async with pair(tmp_path) as (owner, asker):
        calls = listening(owner)
        async with (
            dashboard(asker, calls.record) as client,
            client.stream("GET", "/listen", auth=("Rosa", "any")) as answer,
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
            assert answer.headers["cache-control"] == "no-store"
            assert calls.sound
            [listener] = calls.sound.listeners
            pieces = answer.aiter_raw()
            sound = await anext(pieces)
            for _ in range(3):
                listener.give(PIECE)
                while not sound.endswith(PIECE):
                    sound += await anext(pieces)
            listener.end("the call is over")
            sound += b"".join([piece async for piece in pieces])
            assert (sound[:4], len(sound)) == (b"RIFF", 44 + 3 * len(PIECE))
        [entry] = calls.record.listening
        assert (entry.by, entry.seconds is not None) == ("Rosa at this machine", True)


async def test_who_goes_away_is_let_go_in_the_process_that_has_the_call(tmp_path: Path) -> None:
    async with pair(tmp_path) as (owner, asker):
        calls = listening(owner)
        assert calls.sound
        async with dashboard(asker, calls.record) as client:
            async with client.stream("GET", "/listen") as answer:
                await anext(answer.aiter_raw())
                assert len(calls.sound.listeners) == 1
            await until(lambda: not cast(Sound, calls.sound).listeners, 10)
        assert calls.record.listening[0].seconds is not None


async def test_why_nobody_may_listen_is_said_as_by_the_process_itself(tmp_path: Path) -> None:
    async with pair(tmp_path) as (owner, asker):
        calls = listening(owner, "4 listen already")
        async with dashboard(asker, calls.record) as client:
            answer = await client.get("/listen")
        assert (answer.status_code, "4 listen already" in answer.json()["detail"]) == (403, True)


async def test_each_process_of_the_machine_is_asked_and_none_hands_it_on(tmp_path: Path) -> None:
    async with side("1-a", tmp_path) as one, side("2-b", tmp_path) as other, side("3-c", tmp_path) as third:
        live_stream.answer_others(one.forwarding, cast(Switchboard, Calls()))
        calls = listening(third)
        async with dashboard(other, calls.record) as client:
            async with client.stream("GET", "/listen") as answer:
                assert answer.status_code == 200
            calls.sound = None
            over = await client.get("/listen")
        assert (over.status_code, over.headers["connection"]) == (421, "close")


async def test_a_process_that_has_died_keeps_nobody_from_asking_the_others(tmp_path: Path) -> None:
    async with side("0-z", tmp_path) as dead, pair(tmp_path) as (owner, asker):
        calls = listening(owner)
        async with dashboard(asker, calls.record) as client:
            await dead.private.aclose()
            async with client.stream("GET", "/listen") as answer:
                assert answer.status_code == 200
            calls.sound = None
            away = await client.get("/listen")
        assert (away.status_code, away.headers["retry-after"]) == (503, "2")


async def test_another_machine_is_asked_at_its_private_address_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with side("1-a", tmp_path, machine="far") as far, side("2-b", tmp_path, machine="near") as near:
        calls = listening(far, machine="far")
        async with dashboard(near, calls.record) as client:
            assert (await client.get("/listen")).status_code == 421, "a loopback address is its own"
            # from here on loopback is the network between the two
            monkeypatch.setattr(forwarding, "is_loopback", lambda _host: False)
            async with client.stream("GET", "/listen") as answer:
                assert answer.status_code == 200
