"""A call that is up is listened to over HTTP: a WAV file that grows, and a note of who listened."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import wave
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import numpy as np
import pytest
from starlette.requests import Request

from agentrun.http import slow_client_timeouts
from agentrun.http.slow_client_timeouts import SlowClientProtocol
from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.server.dashboard.sound.live_stream import MOST_NOTED, _Note, _who
from agentrun.simulate.caller import PhoneCall
from agentrun.transports.mulaw import decode
from tests.calls.desk import HELLO, OPEN, QUESTION, STYLES, Desk, open_desk, until
from tests.server.dashboard.test_search import book

ALLOWED = {"record.listen": "true"}


def address(desk: Desk, call: PhoneCall) -> str:
    return f"{desk.server.url}/dashboard/calls/desk/{call.call_sid}"


@contextlib.asynccontextmanager
async def stream(desk: Desk, call: PhoneCall) -> AsyncIterator[httpx.Response]:
    """The sound of a call, as it comes."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
        client.stream("GET", f"{address(desk, call)}/listen", auth=("Rosa", "any")) as answer,
    ):
        yield answer


async def hear(desk: Desk, call: PhoneCall) -> tuple[np.ndarray, int]:
    """All of it until it ends, a row for each sample, and its rate in Hz."""
    async with stream(desk, call) as answer:
        sound = await answer.aread()
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        rate = file.getframerate()
    return np.frombuffer(sound[44:], "<i2").reshape(-1, 2), rate


def loudness(sound: np.ndarray) -> int:
    """How many pieces of 20 ms are loud."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160).astype(float)
    return int((np.sqrt((frames**2).mean(axis=1)) > 400).sum())


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
async def test_a_telephone_call_is_heard_on_both_sides_until_it_ends(tmp_path: Path, style: str) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN], style=style, overrides=ALLOWED) as desk:
        async with desk.caller.call(desk.url) as call:
            hearing = [asyncio.create_task(hear(desk, call)) for _ in range(2)]
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        (heard, rate), (again, _) = await asyncio.wait_for(asyncio.gather(*hearing), 20)
        record = await desk.finished(call)
    assert rate == 8000
    sides = decode(bytes(call.timeline.said)), decode(bytes(call.timeline.heard))
    for channel, lived in enumerate(sides):
        assert loudness(heard[:, channel]) == pytest.approx(loudness(lived), rel=0.15)
        assert loudness(again[:, channel]) == pytest.approx(loudness(lived), rel=0.15)
    assert [each.by for each in record.listening] == ["Rosa at this machine"] * 2
    assert all(each.seconds is not None and each.seconds > 1 for each in record.listening)
    assert record.ended_by == "caller"
    assert record.errors == []


@pytest.mark.slow
async def test_who_goes_away_is_let_go_and_noted(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO], overrides=ALLOWED) as desk, desk.caller.call(desk.url) as call:
        await call.hear_greeting(silence=0.5)
        async with stream(desk, call) as answer:
            await anext(answer.aiter_raw())
            assert desk.record(call).listening[0].seconds is None
            page = (await _get(f"{address(desk, call)}?part=true")).text
            assert "listened to" in page
        await until(lambda: desk.record(call).listening[0].seconds is not None, 10)


@pytest.mark.slow
async def test_nobody_listens_where_the_spec_forbids_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, desk.caller.call(desk.url) as call:
        await call.hear_greeting(silence=0.5)
        answer = await _get(f"{address(desk, call)}/listen")
        assert answer.status_code == 403
        assert "record.listen" in answer.json()["detail"]
        page = (await _get(address(desk, call))).text
        assert "record.listen" in page
        assert "data-listen" not in page
        assert desk.record(call).listening == []


@pytest.mark.slow
async def test_calls_that_are_over_or_elsewhere_have_no_sound_here(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    with Store(store) as records:
        there = book("there", 1)
        there.ended = None
        records.save([book("over", 2).as_json(), there.as_json()], "another server")
    async with open_desk(tmp_path, [HELLO], records=store, overrides=ALLOWED) as desk:
        calls = f"{desk.server.url}/dashboard/calls/desk"
        assert (await _get(f"{calls}/over/listen")).status_code == 404
        assert (await _get(f"{calls}/none/listen")).status_code == 404
        elsewhere = await _get(f"{calls}/there/listen")
        assert (elsewhere.status_code, elsewhere.headers["connection"]) == (421, "close")
        assert (await _get(f"{calls}/there/listen", host="evil.example")).status_code == 403


async def _get(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        return await client.get(url)


@pytest.mark.slow
async def test_who_takes_nothing_is_cut_off_and_the_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_client_timeouts, "STALL_SECONDS", 0.3)
    cuts, lost = [], SlowClientProtocol.connection_lost

    def note(connection: SlowClientProtocol, error: Exception | None) -> None:
        cuts.append(1)
        lost(connection, error)

    monkeypatch.setattr(SlowClientProtocol, "connection_lost", note)
    sound = tmp_path / "call.wav"
    sound.write_bytes(bytes(32_000_000))
    store = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    with Store(store) as records:
        records.save([book("loud", 1, recording=str(sound)).as_json()], "another server")
    async with open_desk(tmp_path, [HELLO], records=store) as desk:
        port = desk.server.url.rpartition(":")[2]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port), limit=1024)
        writer.write(b"GET /dashboard/calls/desk/loud/audio HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readline()
        await until(lambda: cuts, 15)
        writer.close()


def request(name: str = "", host: str = "10.0.0.5") -> Request:
    credentials = base64.b64encode(f"{name}:secret".encode()).decode()
    headers: Mapping[str, str] = {"authorization": f"Basic {credentials}"} if name else {}
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (host, 1)})


@pytest.mark.parametrize(
    ("name", "host", "who"),
    [
        ("", "127.0.0.1", "this machine"),
        ("Rosa", "10.0.0.5", "Rosa at 10.0.0.5"),
        ("Ro\nsa\x1b[31m", "10.0.0.5", "Rosa[31m at 10.0.0.5"),
        ("x" * 500, "10.0.0.5", f"{'x' * 60} at 10.0.0.5"),
    ],
)
def test_the_note_has_who_it_was_without_the_password(name: str, host: str, who: str) -> None:
    assert _who(request(name, host)) == who


def test_a_record_is_not_filled_by_whoever_listens_again_and_again() -> None:
    record = CallRecord("CA1", "desk", "twilio")
    record.answer()
    for _ in range(MOST_NOTED + 5):
        note = _Note(record, "Rosa")
        note.begin()
        note.end()
    assert len(record.listening) == MOST_NOTED
    assert all(each.seconds == 0 for each in record.listening)
    assert record.as_json()["listening"][0] == {"at": 0.0, "by": "Rosa", "seconds": 0.0}
