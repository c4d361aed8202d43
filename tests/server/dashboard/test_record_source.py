"""The dashboard reads records without holding up calls, and says when the store can't be read."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord
from agentrun.server.dashboard.filters import Filters
from agentrun.server.dashboard.page_writer import PageWriter
from agentrun.server.dashboard.record_source import Source
from tests.server.dashboard.test_pages import record
from tests.server.dashboard.test_search import Dashboard, book


@pytest.fixture
async def dashboard(tmp_path: Path) -> AsyncIterator[Dashboard]:
    made = Dashboard(tmp_path)
    with made.store as store:
        store.save([book("new", 1).as_json()], "a server")
        yield made


def away(*_: Any) -> Any:
    raise sa.exc.OperationalError("SELECT", {}, Exception("the database is away"))


@pytest.mark.parametrize("path", ["", "/versions", "/charts"])
async def test_a_store_that_cannot_be_read_is_told_on_the_lists(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    words = "can&#39;t be read now"
    with monkeypatch.context() as patch:
        patch.setattr(dashboard.store, "find", away)
        patch.setattr(dashboard.store, "last_searched", away)
        patch.setattr(dashboard.store.hourly, "read", away)
        page = await dashboard.get(path, text="open")
        assert (page.status_code, words in page.text) == (200, True)
    assert words not in (await dashboard.get(path, text="open")).text


@pytest.mark.parametrize("path", ["", "/audio", "/waveform", "/listen"])
async def test_a_store_that_cannot_be_read_is_told_for_one_call(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(dashboard.store, "get", away)
    if not path:
        late = await dashboard.get("/calls/desk/new")
        assert (late.status_code, "can&#39;t be read now" in late.text) == (200, True), "its head was sent"
    monkeypatch.setattr(dashboard.store, "began", away)
    page = await dashboard.get(f"/calls/desk/new{path}")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "can&#39;t be read now" in page.text
    compared = await dashboard.get("/compare", call=["desk/new", "desk/old"])
    assert compared.status_code == 503


async def test_records_that_the_store_has_are_not_written_as_json_again_and_none_in_the_loop(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, bool]] = []
    as_json = CallRecord.as_json

    def counted(self: CallRecord) -> dict[str, Any]:
        written.append((self.id, threading.current_thread() is threading.main_thread()))
        return as_json(self)

    records = dashboard.switchboard.records
    for number in range(20):
        records.add(record(number + 2, id=f"done{number}"))
    records.add(record(1, id="fresh"))
    records.is_unwritten = lambda each: each.id == "fresh"
    monkeypatch.setattr(CallRecord, "as_json", counted)
    rows = await Source(records).page(Filters(), 0, 50)
    assert {row["id"] for row in rows} == {"fresh", "new"}
    assert written == [("fresh", False)]
    written.clear()
    records.past = None
    rows = await Source(records).page(Filters(agent="desk"), 0, 50)
    assert len(rows) == 21
    assert not any(in_loop for _, in_loop in written)
    written.clear()
    records.add(record(1, id="up", ended=None))
    assert [row["id"] for row in await Source(records).live()] == ["up"]
    assert (await records.find("desk", "up") or {})["id"] == "up"
    assert written == [("up", False), ("up", False)]


@pytest.mark.parametrize("path", ["", "/live", "/charts", "/versions", "/calls/desk/new"])
async def test_no_page_is_written_in_the_loop(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    in_loop: list[bool] = []
    pieces = PageWriter.pieces

    def noted(self: PageWriter, name: str, **shown: Any) -> Iterator[str]:
        for piece in pieces(self, name, **shown):
            in_loop.append(threading.current_thread() is threading.main_thread())
            yield piece

    monkeypatch.setattr(PageWriter, "pieces", noted)
    assert (await dashboard.get(path)).status_code == 200
    assert in_loop
    assert not any(in_loop)
