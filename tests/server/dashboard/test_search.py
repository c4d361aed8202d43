"""The dashboard's lists are filtered, in the address; two calls and versions of a spec are compared."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord, Entry, Turn, version_figures
from agentrun.records.store.queries import call_selection
from agentrun.records.store.store import Store
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import VARIABLE, pages, router
from agentrun.server.dashboard.versions import of_calls
from agentrun.server.lifecycle.settings import ServerSettings
from tests.server.dashboard.test_pages import record

BAD = "<script>alert(1)</script>"
HTML = "text/html,*/*"
OLD, NEW = "<code>aaa</code>", "<code>bbb</code>"
"""Versions as a page has them; the address of its scripts may have such letters too."""


def book(call_id: str, minutes: int, **more: Any) -> CallRecord:
    result = json.dumps({"tables": [{"room": "garden", "note": BAD}]})
    tool = Entry(2.0, "tool", result, "book", {"guests": 4, BAD: BAD}, "ok", 0.1)
    return record(minutes, id=call_id, transcript=[Entry(1.0, "caller", "Vier Plätze"), tool], **more)


class Dashboard:
    """The dashboard over a store, asked in process."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(f"sqlite:///{folder / 'calls.sqlite3'}")
        self.switchboard = Switchboard({}, Resources())
        self.switchboard.records.past = self.store
        app = FastAPI()
        app.include_router(router(self.switchboard, ServerSettings("127.0.0.1", Access.OPEN, {})))
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def get(self, path: str, accept: str = HTML, **query: Any) -> httpx.Response:
        return await self._client.get(f"/dashboard{path}", headers={"accept": accept}, params=query)

    async def ids(self, **query: Any) -> set[str]:
        page = (await self.get("", **query)).text
        return {name for name in ("new", "old", "other", "live") if f"/dashboard/calls/desk/{name}" in page}


@pytest.fixture
async def dashboard(tmp_path: Path) -> AsyncIterator[Dashboard]:
    made = Dashboard(tmp_path)
    rows = [
        book("new", 1, variables={"guests": 4}, spec_hash="aaa"),
        book("old", 2, ended_by="error", from_number="+49 30", errors=[BAD], spec_hash="bbb"),
        record(3, id="other", spec_hash="bbb"),
    ]
    with made.store as store:
        store.save([row.as_json() for row in rows], "a server")
        yield made


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, {"new", "old", "other"}),
        ({"text": "PLÄTZE"}, {"new", "old"}),
        ({"tool": "book", "outcome": "error"}, {"old"}),
        ({"number": "+49", "text": "garden"}, {"old"}),
        ({"variables": "guests=4"}, {"new"}),
        ({"agent": "desk", "outcome": "caller"}, {"new", "other"}),
        ({"agent": "nobody", "text": "Plätze"}, set()),
        ({"text": "' OR 1=1 --"}, set()),
        ({"before": "2001-01-01T00:00:00Z"}, set()),
        ({"before": "0001-01-01T00:00:00+14:00"}, set()),
    ],
)
async def test_filters_are_combined(dashboard: Dashboard, query: dict[str, Any], ids: set[str]) -> None:
    assert await dashboard.ids(**query) == ids
    assert (await dashboard.get("/charts", **query)).status_code == 200


async def test_a_call_that_the_store_has_not_got_is_filtered_too(dashboard: Dashboard) -> None:
    live = book("live", 0, ended=None, ended_by=None, reason="")
    dashboard.switchboard.records.add(live)
    assert await dashboard.ids(outcome="up", tool="book") == {"live"}
    assert "live" not in await dashboard.ids(text="Are you open?", outcome="caller")
    dashboard.switchboard.records.add(record(1, id="new", ended_by="network"))
    assert "new" not in await dashboard.ids(outcome="caller"), "this process knows better"


async def test_the_live_part_is_of_the_agent_that_is_asked_for(dashboard: Dashboard) -> None:
    dashboard.switchboard.records.add(book("live", 0, ended=None, ended_by=None, reason=""))
    for agent, is_there in (("desk", True), ("other", False), ("", True)):
        page = (await dashboard.get("", agent=agent)).text
        part = (await dashboard.get("/live", agent=agent)).text
        assert ("<article" in page, "/calls/desk/live" in part) == (is_there, is_there)


async def test_filters_stay_in_the_links_and_in_the_form(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await dashboard.get("/charts", text=f'"{BAD}', outcome="caller")).text
    assert "span=7d&amp;" in page or "&amp;span=7d" in page
    assert "outcome=caller" in page
    assert BAD not in page
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", 2)
    page = (await dashboard.get("", text="Plätze")).text
    assert "The newest calls were looked into" in page
    assert "before=" in page
    monkeypatch.setattr(pages, "PAGE", 1)
    for number, is_last in ((1, False), (2, True)):
        page = (await dashboard.get("", text="Plätze", page=number)).text
        assert ("The newest calls were looked into" in page) is is_last


async def test_wrong_filters_are_told_in_a_page_and_to_programs_in_json(dashboard: Dashboard) -> None:
    page = await dashboard.get("", outcome="nobody")
    assert (page.status_code, "is not one of up, caller" in page.text) == (422, True)
    assert "<h1>" in page.text
    assert (await dashboard.get("", text="x" * 101)).status_code == 422
    answer = await dashboard.get("", "application/json", outcome="nobody")
    assert answer.json()["detail"][0]["loc"] == ["query", "outcome"]


async def test_errors_look_like_the_other_pages(dashboard: Dashboard) -> None:
    for path in (
        "/calls/desk/none",
        "/<b>x",
        "/static/none",
        "/static/x/none.js",
        "/a/b",
        "/a/b/c/",
        "/calls/desk",
        "/calls/desk/new/audio",
    ):
        page = await dashboard.get(path)
        assert page.status_code == 404
        assert "to the calls" in page.text
        assert "<b>x" not in page.text
        style = page.text.partition("<style>")[2].partition("</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
        assert (await dashboard.get(path, "*/*")).json()["detail"]
    assert (await dashboard.get("/")).headers["location"] == "/dashboard"


async def test_tools_are_laid_out_as_text(dashboard: Dashboard) -> None:
    page = (await dashboard.get("/calls/desk/old")).text
    assert "<td><bdi>garden</bdi></td>" in page
    assert BAD not in page
    assert page.count("&lt;script&gt;") >= 4


async def test_a_long_result_is_folded(tmp_path: Path) -> None:
    made = Dashboard(tmp_path)
    long = [Entry(1.0, "tool", "word " * 20_000, "read", {}, "ok", 0.1), Entry(2.0, "tool", "short", "read")]
    with made.store as store:
        store.save([record(1, id="long", transcript=long).as_json()], "a server")
        page = (await made.get("/calls/desk/long")).text
    assert page.count('<details class="result">') == 1
    assert " letters</summary>" in page


async def test_two_calls_stand_side_by_side(dashboard: Dashboard) -> None:
    page = await dashboard.get("/compare", call=["desk/new", "desk/other"])
    assert page.status_code == 200
    assert page.text.index("Vier Plätze") < page.text.index("Are you open?")
    for call in ([], ["desk/new"], ["desk/new"] * 3):
        assert (await dashboard.get("/compare", call=call)).status_code == 422
    for call in (["desk/new", "desk/none"], ["desk/new", BAD]):
        assert (await dashboard.get("/compare", call=call)).status_code == 404


async def test_a_calls_page_leads_to_a_list_in_which_the_other_one_is_chosen(dashboard: Dashboard) -> None:
    page = (await dashboard.get("/calls/desk/new")).text
    assert "/dashboard?agent=desk&amp;beside=desk/new" in page
    choice = (await dashboard.get("", agent="desk", beside="desk/new")).text
    assert "/dashboard/compare?call=desk/new&amp;call=desk/old" in choice
    assert "call=desk/new&amp;call=desk/new" not in choice
    assert '<input type="checkbox"' not in choice
    assert 'name="beside" value="desk/new"' in choice, "filters keep it"
    assert (await dashboard.get("/compare", call=["desk/new", "desk/old"])).status_code == 200
    odd = await dashboard.get("", beside=BAD)
    assert (odd.status_code, BAD in odd.text) == (200, False)


async def test_versions_are_counted_from_the_calls_that_match(dashboard: Dashboard) -> None:
    every = (await dashboard.get("/versions", agent="desk")).text
    assert (OLD in every, NEW in every) == (True, True)
    some = (await dashboard.get("/versions", agent="desk", number="+49")).text
    assert (OLD in some, NEW in some) == (False, True)
    assert 'name="number"' in some
    nothing = (await dashboard.get("/versions", agent="desk", text="nowhere")).text
    assert "No call matches" in nothing


async def test_versions_of_a_spec_stand_side_by_side(dashboard: Dashboard) -> None:
    page = (await dashboard.get("/versions", agent="desk")).text
    assert page.index(OLD) < page.index(NEW)
    assert "50.0" in page, "one of two calls of the older one ended with an error"
    assert "difference" not in page
    chosen = (await dashboard.get("/versions", agent="desk", spec=["aaa", "bbb"])).text
    assert "−50.0" in chosen
    assert "No call has ended" in (await dashboard.get("/versions", agent="nobody")).text


def test_a_versions_figures_are_those_of_its_calls() -> None:
    rows = [
        record(n, spec_hash="aaa", turns=[Turn(1.0, 100.0 * n, {})], analysis={"success": n == 1}).as_json()
        for n in (1, 2, 3)
    ]
    [version] = of_calls((row, version_figures.of_record(row)) for row in rows)
    assert (version.calls, version.p50, version.lasted, version.failed) == (3, 200.0, 63.0, 0.0)
    assert version.success == pytest.approx(100 / 3)
    assert version.tools_failed is None
    others = record(1).as_json(), {**rows[0], "ended": None}
    assert of_calls((row, version_figures.of_record(row)) for row in others) == []


async def test_a_browser_keeps_scripts_of_this_version_and_asks_for_everything_else(
    dashboard: Dashboard,
) -> None:
    page = await dashboard.get("")
    state = page.text.partition('href="/dashboard/static/')[2].partition("/")[0]
    for name in ("dashboard.js", "times.js", "listen.js", "icon.svg"):
        kept = await dashboard.get(f"/static/{state}/{name}")
        assert kept.headers["cache-control"] == "private, max-age=31536000, immutable"
        other = await dashboard.get(f"/static/other/{name}")
        assert (other.text, other.headers["cache-control"]) == (kept.text, "no-cache")
    assert "cache-control" not in page.headers


async def test_who_is_not_let_in_is_asked_for_the_password_by_a_page_that_shows_nothing_else(
    dashboard: Dashboard,
) -> None:
    app = FastAPI()
    settings = ServerSettings("192.0.2.1", Access.OPEN, {VARIABLE: "secret"})
    app.include_router(router(dashboard.switchboard, settings))
    transport = httpx.ASGITransport(app, client=("203.0.113.5", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.1") as client:
        page = await client.get("/dashboard", headers={"accept": HTML})
        assert (page.status_code, page.headers["www-authenticate"][:5]) == (401, "Basic")
        assert "A password is needed" in page.text
        assert "/dashboard/static" not in page.text, "its style is in it"
        page = await client.get("/dashboard", headers={"accept": HTML}, auth=("me", "secret"))
        assert page.status_code == 200
        assert ">Talk<" not in page.text, "the page that talks is on loopback hosts alone"
