"""Figures of calls say what was, beside each other and while a call goes on."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from agentrun.records import Turn
from agentrun.server.dashboard import figures
from tests.server.dashboard.test_pages import record
from tests.server.dashboard.test_search import Dashboard


def test_a_call_lasts_from_when_it_was_answered_as_it_was_counted_while_it_was_up() -> None:
    rang = record(1)
    rang.answered = rang.started + timedelta(seconds=20)
    assert figures.seconds(rang.as_json()) == 43.0
    assert figures.seconds(record(1).as_json()) == 63.0
    assert figures.seconds(record(1, ended=None).as_json()) is None


async def test_bars_that_stand_beside_each_other_have_one_measure(tmp_path: Path) -> None:
    made = Dashboard(tmp_path)
    calls = [record(number, turns=[Turn(3.0, ms, {"llm": ms})]) for number, ms in ((1, 1000.0), (2, 500.0))]
    with made.store as store:
        store.save([call.as_json() for call in calls], "a server")
        page = (await made.get("/compare", call=["desk/CA1", "desk/CA2"])).text
    assert re.findall(r'<rect class="llm" x="0.0" width="([\d.]+)"', page) == ["100.0", "50.0"]
