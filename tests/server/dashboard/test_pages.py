"""The dashboard shows what the records hold, and nothing that a caller says becomes markup."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from agentrun.records import CallRecord, Entry, Failover, Turn, cost
from agentrun.records.entries import KeyPress
from agentrun.records.store import hourly
from agentrun.records.store.store import Store
from agentrun.server.dashboard import charts, figures
from tests.calls.desk import HELLO, OPEN, Desk, open_desk
from tests.log_lines import log_lines

STAGES = {"endpointing": 200.0, "stt": 250.0, "llm": 300.0, "tts": 200.0, "transport": 20.0}


def record(number: int, **more: Any) -> CallRecord:
    """A call that ended ``number`` minutes ago."""
    began = datetime.now(UTC) - timedelta(minutes=number + 1)
    made = CallRecord(f"CA{number}", "desk", "twilio", "+15550000001", started=began)
    made.ended, made.ended_by, made.reason = began + timedelta(seconds=63), "caller", "the caller hung up"
    made.seconds = 63.0
    made.transcript = [Entry(1.0, "agent", "Hello."), Entry(2.0, "caller", "Are you open?")]
    made.turns = [Turn(3.0, 970.0, STAGES)]
    made.usage = {"llm openai/gpt-4o": {"input_tokens": 1000.0}}
    made.cost = cost.estimate(made)
    return replace(made, **more)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    address = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    with Store(address) as store:
        store.save([record(number).as_json() for number in range(60)], "another server")
    async with open_desk(tmp_path, [HELLO, OPEN], records=address) as desk:
        yield desk


async def get(desk: Desk, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=desk.server.url, trust_env=False) as client:
        return await client.get(f"/dashboard{path}", **more)


async def test_the_first_page_has_todays_figures_and_the_latest_calls(desk: Desk) -> None:
    page = await get(desk, "")
    assert page.status_code == 200
    assert "970 ms" in page.text
    assert "/dashboard/calls/desk/CA0" in page.text
    assert "CA55" not in page.text
    assert "/dashboard/calls/desk/CA55" in (await get(desk, "?page=2")).text
    assert "No call matches" in (await get(desk, "?agent=nobody")).text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_pages_say_how_many_calls_there_is_room_for(desk: Desk) -> None:
    desk.server.switchboard.admission.capacity = lambda: 17
    for path in ("", "/live"):
        assert "room for about 17" in (await get(desk, path)).text


async def test_a_calls_page_has_its_facts_words_and_bars(desk: Desk) -> None:
    page = (await get(desk, "/calls/desk/CA3")).text
    for shown in (
        "1:03",
        "the caller hung up",
        "Are you open?",
        "stt 250 ms",
        "~$0.0275",
        "1000 input tokens",
    ):
        assert shown in page
    assert (await get(desk, "/calls/desk/CA999")).status_code == 404


async def test_a_calls_page_is_one_of_the_calls(desk: Desk) -> None:
    for path, current in {"": "page", "/calls/desk/CA3": "true", "/calls/desk/CA999": ""}.items():
        page = (await get(desk, path, headers={"accept": "text/html"})).text
        link = re.search(r'<a href="/dashboard"([^>]*)>Calls</a>', page)
        assert link
        assert link[1] == (f' aria-current="{current}"' if current else "")
        assert ("Times are in" in page) == bool(current), "an error's page shows no times"


async def test_what_a_call_has_cost_stands_beside_what_it_used(desk: Desk, tmp_path: Path) -> None:
    used = {"llm openai/gpt-4o": {"input_tokens": 1000.0}, "tts nobody/voice": {"characters": 9.0}}
    odd = record(0, id="odd", usage=used)
    odd.cost = cost.estimate(odd)
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([odd.as_json()], "another server")
    page = (await get(desk, "/calls/desk/odd")).text
    for shown in ("1000 input tokens", "~$0.0025", "9 characters", "no price", "twilio inbound", "~$0.0250"):
        assert shown in page, shown


@pytest.mark.parametrize("is_up", [True, False])
async def test_a_long_call_that_is_up_is_shown_by_its_latest_lines(
    desk: Desk, tmp_path: Path, is_up: bool
) -> None:
    words = [Entry(float(n), "caller", f"line {n}.") for n in range(300)]
    turns = [Turn(float(n), 900.0, STAGES) for n in range(150)]
    long = record(0, id="long", transcript=words, turns=turns, **({"ended": None} if is_up else {}))
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([long.as_json()], "another server")
        store.touch("another server")
    page = (await get(desk, "/calls/desk/long?part=true")).text
    assert ("line 299." in page, "line 200." in page, "line 199." in page) == (True, True, not is_up)
    assert ("200 lines before these" in page, "50 before these" in page) == (is_up, is_up)
    assert page.count("<svg") == (100 if is_up else 150)


async def test_charts_count_calls_and_answers(desk: Desk) -> None:
    page = (await get(desk, "/charts?span=24h")).text
    assert "llm 300 ms" in page
    assert "<circle" in page
    assert (await get(desk, "/charts?span=x")).headers["location"] == "/dashboard/charts"


async def test_what_a_caller_says_is_text(desk: Desk, tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>"
    odd = record(
        0,
        id="odd",
        transcript=[Entry(1.0, "caller", bad), Entry(2.0, "tool", bad, name=bad, arguments={"a": bad})],
        errors=[bad],
        failovers=[Failover(1.0, "llm", bad, bad, bad)],
        reason=bad,
        from_number=bad,
    )
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([odd.as_json()], "another server")
    for path in ("", "/calls/desk/odd"):
        page = await get(desk, path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_a_record_of_an_older_version_is_shown(desk: Desk, tmp_path: Path) -> None:
    row = record(0, id="old").as_json()
    for key in ("turns", "usage", "cost", "spec_hash", "versions", "recording", "failovers", "takeovers"):
        del row[key]
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([row], "another server")
    for path in ("", "/calls/desk/old", "/charts"):
        assert (await get(desk, path)).status_code == 200


async def test_failovers_are_shown_under_their_former_name_too(desk: Desk, tmp_path: Path) -> None:
    row = record(0, id="old").as_json()
    del row["failovers"]
    row["takeovers"] = [{"at": 1.0, "part": "llm", "service": "b/2", "instead_of": "a/1", "error": "gone"}]
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([row], "another server")
    assert "b/2 instead of a/1" in (await get(desk, "/calls/desk/old")).text


async def test_keys_that_nobody_asked_for_stand_in_the_conversation(desk: Desk, tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([record(0, id="keys", keypad=[KeyPress(1.5, "123#")]).as_json()], "another server")
    page = await get(desk, "/calls/desk/keys")
    assert (page.status_code, "123#" in page.text) == (200, True)


async def test_a_page_that_can_not_be_made_says_so_and_the_log_says_why(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "timeline", refuse)
    with log_lines("ERROR") as lines:
        page = await get(desk, "/calls/desk/CA1", headers={"Accept": "text/html"})
    # its head was sent by then
    assert (page.status_code, "could not be made" in page.text, "not yours" in page.text) == (
        200,
        True,
        False,
    )
    assert "PermissionError: not yours" in lines[0]


async def test_a_recording_is_played_in_ranges(desk: Desk, tmp_path: Path) -> None:
    sound = tmp_path / "call.wav"
    sound.write_bytes(b"RIFF" + bytes(100))
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([record(0, id="loud", recording=str(sound)).as_json()], "another server")
    page = (await get(desk, "/calls/desk/loud")).text
    assert "<audio" in page
    assert "The caller is left, the agent right." in page, "for those whom no waveform can be drawn"
    part = await get(desk, "/calls/desk/loud/audio", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert (await get(desk, "/calls/desk/CA1/audio")).status_code == 404


async def test_a_recording_in_the_agents_store_is_played_by_any_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, sound = f"sqlite:///{tmp_path / 'calls.sqlite3'}", b"RIFF" + bytes(range(200)) * 3000
    store = MemoryFileSystem()
    store.pipe_file("/calls/desk-1.wav", sound)
    places = {"there": "calls/desk-1.wav", "gone": "calls/desk-2.wav", "other": "secrets/desk-1.wav"}
    with Store(address) as records:
        rows = [record(0, id=name, recording=f"memory://{place}") for name, place in places.items()]
        records.save([row.as_json() for row in rows], "another server")
    overrides = {"record.audio": "memory://calls"}
    async with open_desk(tmp_path, [HELLO, OPEN], records=address, overrides=overrides) as desk:
        assert "<audio" in (await get(desk, "/calls/desk/there")).text
        assert "<audio" not in (await get(desk, "/calls/desk/other")).text
        assert (await get(desk, "/calls/desk/there/audio")).content == sound
        for wanted, content in (("0-3", b"RIFF"), ("600001-", sound[600001:]), ("-2", sound[-2:])):
            part = await get(desk, "/calls/desk/there/audio", headers={"Range": f"bytes={wanted}"})
            assert (part.status_code, part.content) == (206, content)
            assert part.headers["content-range"].endswith(f"/{len(sound)}")
        beyond = await get(desk, "/calls/desk/there/audio", headers={"Range": "bytes=999999-"})
        assert beyond.status_code == 416
        codes = [(await get(desk, f"/calls/desk/{name}/audio")).status_code for name in ("gone", "other")]
        assert codes == [404, 404]
        monkeypatch.setattr(MemoryFileSystem, "size", refuse)
        assert (await get(desk, "/calls/desk/there/audio")).status_code == 502
    store.rm("/calls", recursive=True)


def refuse(*_: object) -> None:
    raise PermissionError("not yours")


def test_a_chart_has_a_column_for_each_step_and_stacks_stages() -> None:
    now = datetime.now(UTC)
    rows = [record(number).as_json() for number in (0, 5, 10, 60 * 30)]
    sums = hourly.of_rows(rows, charts.first_hour("24h", now))
    steps = charts.columns(sums, "24h", now)
    assert len(steps) == 24
    assert sum(column.calls for column in steps) == 3
    assert steps[-1].began <= now < steps[-1].began + timedelta(hours=1)
    chart = charts.latency(steps, "24h")
    assert chart.scale.ticks == (0, 200, 400, 600, 800, 1000)
    assert sum(part.height for part in chart.bars[-1].parts) == pytest.approx(97.0)
    assert figures.waterfall({"turns": []}) is None
