"""Two callers want the same time at the same moment, on two real calls: one of them gets it."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

from agentrun import plugins, spec
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.calls.quick import quick_call

ROOT = Path(__file__).parents[2]
MONDAY = date.today() + timedelta(days=7 - date.today().weekday())
DONE = Answer("Let me tell you.")


async def test_one_of_two_simultaneous_calls_gets_the_time(tmp_path: Path, resources: Resources) -> None:
    tools = [
        tool
        for tool in plugins.load(spec.load(ROOT / "agents" / "receptionist.yaml"))
        if tool.name == "book_appointment"
    ]
    environ = {"APPOINTMENTS_FILE": str(tmp_path / "diary.sqlite3")}

    async def book(name: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        given = {"name": name, "day": str(MONDAY), "at": "10:00"}
        wish = Answer(calls=(ToolCall("book_appointment", given),))
        async with quick_call(
            folder, "cascaded", tools, [wish, DONE], resources=resources, environ=environ
        ) as call:
            await call.say("Monday at ten, please.")
            await call.said(DONE.text)
            return call.tool_results()[-1]

    told = await asyncio.gather(book("Ada Byron"), book("Grace Hopper"))
    assert sorted("has an appointment" in text for text in told) == [False, True]
    assert sorted("is taken" in text for text in told) == [False, True]
