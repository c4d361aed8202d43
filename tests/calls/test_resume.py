"""A call goes on at another server when its own one has lost the line, and both write one record."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agentrun.records.store.store import CallQuery, Store
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.broken_line import BrokenLine
from tests.calls.desk import HELLO, OPEN, QUESTION, listen

pytestmark = pytest.mark.slow
SPEC = """
name: desk
transport: twilio
resume: true
prompts: {system: Hi., greeting: {say: Good evening.}, apology: Sorry., resume: We were cut off.}
tools: [{use: desk.book, once_per_call: true}]
limits: {answer: 60s}
"""
FLOW = """
flow:
  initial_node: welcome
  nodes:
    welcome:
      role_message: You are Ada of the trattoria.
      task_messages: Ask for how many.
      functions: [{name: book, transition_to: booked}]
    booked: {task_messages: Say that it is booked.}
"""
PLUGIN = '''"""A table."""
from agentrun import Call, hookimpl


def note(call, line):
    with open(call, "a") as file:
        file.write(f"{line}\\n")


def book(call: Call, guests: int) -> str:
    """Book a table.

    Args:
        guests: How many.
    """
    call.state["guests"] = guests
    note(NOTES, f"booked {guests}")
    return "Booked."


@hookimpl
def agentrun_tools():
    return [book]


@hookimpl
def agentrun_call_started(call):
    note(NOTES, "started")


@hookimpl
def agentrun_call_ended(record):
    note(NOTES, f"ended by {record['ended_by']}")
'''
TOKEN = "0123456789abcdef0123456789abcdef"
BOOK = Answer(calls=(ToolCall("book", {"guests": 4}),))
BOOKED = Answer("It is booked.")
HEARD = ("A table for four.", "Is it booked?", "Book it again.")


@dataclass
class Rig:
    """Two servers, of which the caller reaches the first until its line is cut."""

    line: BrokenLine
    servers: list[RunningServer]
    stopping: list[contextlib.AsyncExitStack]
    openai: OpenAIServer
    notes: Path
    store: str

    def chats(self) -> list[dict[str, Any]]:
        """What the model was asked."""
        return [request.body for request in self.openai.requests if request.route == "chat"]

    async def row(self) -> dict[str, Any]:
        """The record of the only call, once it has ended."""
        async with asyncio.timeout(20):
            while True:
                with Store(self.store) as store:
                    rows = list(store.find(CallQuery()))
                if rows and rows[0]["ended"]:
                    assert len(rows) == 1
                    return rows[0]
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def rig(tmp_path: Path, spec_text: str, brain: Sequence[Answer]) -> AsyncIterator[Rig]:
    notes = tmp_path / "notes"
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "desk.py").write_text(f"NOTES = {str(notes)!r}\n{PLUGIN}")
    spec, store = tmp_path / "desk.yaml", f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    spec.write_text(spec_text)
    hearing, scripted = ScriptedHearing(HEARD), ScriptedBrain(brain)
    async with OpenAIServer(hearing, ToneVoice(), scripted) as openai, contextlib.AsyncExitStack() as stack:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "TWILIO_AUTH_TOKEN": TOKEN}
        servers, stopping = [], []
        for _ in range(2):
            each = await stack.enter_async_context(contextlib.AsyncExitStack())
            options = Options(port=0, records=store)
            servers.append(await each.enter_async_context(running_server([spec], environ, options)))
            stopping.append(each)
        line = await stack.enter_async_context(BrokenLine([one.url for one in servers]).running())
        yield Rig(line, servers, stopping, openai, notes, store)


async def is_taken_up(call: Any, streams: int) -> None:
    """Return when the call has its next stream, and something has been heard on it."""
    async with asyncio.timeout(90):
        await call.until(lambda: call.streams == streams, 60)
        at = call.timeline.seconds
        await call.until(lambda: call.timeline.first_sound(at) is not None, 60)
    assert not call.over, call.reason


async def test_another_server_goes_on_with_a_call_whose_line_was_lost(tmp_path: Path) -> None:
    async with rig(tmp_path, SPEC, [BOOK, BOOKED, OPEN, BOOK, BOOKED, HELLO, HELLO]) as there:
        async with Caller(auth_token=TOKEN).call(f"{there.line.url}/desk") as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call, 40.0), "the tool has run"
            there.line.cut()
            await is_taken_up(call, 2)
            for _ in range(2):
                await call.say(QUESTION)
                assert await listen(call, 40.0), "it goes on"
            assert "A table for four." in json.dumps(there.chats()[-1]), "the model knows what was said"
            await call.hang_up()
        row = await there.row()
        assert row["ended_by"] == "caller"
        said = [entry["text"] for entry in row["transcript"] if entry["who"] != "tool"]
        assert said[:2] == ["Good evening.", "A table for four."]
        assert "We were cut off." in said
        assert said.index("We were cut off.") < said.index("Is it booked?")
        tools = [entry["text"] for entry in row["transcript"] if entry["who"] == "tool"]
        assert tools == ["Booked."] * 2, "asked again, it gives what it gave before"
        for each in reversed(there.stopping):
            await each.aclose()
        assert sorted(there.notes.read_text().splitlines()) == ["booked 4", "ended by caller", "started"]


async def test_a_flow_goes_on_at_its_node_as_who_the_agent_was_there(tmp_path: Path) -> None:
    async with rig(tmp_path, SPEC + FLOW, [Answer("For how many?"), BOOK, BOOKED, OPEN]) as there:
        async with Caller(auth_token=TOKEN).call(f"{there.line.url}/desk") as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call, 40.0), "the tool has run"
            there.line.cut()
            await is_taken_up(call, 2)
            await call.say(QUESTION)
            assert await listen(call, 40.0), "it goes on"
            await call.hang_up()
        await there.row()
        first, last = (json.dumps(there.chats()[index]["messages"]) for index in (0, -1))
        assert "You are Ada of the trattoria." in first
        assert "You are Ada of the trattoria." in last, "an earlier node has said so"
        assert last.count("Say that it is booked.") == 1
        assert "A table for four." in last
        assert not there.chats()[-1].get("tools"), "the first node's are not offered any more"
        assert there.notes.read_text().count("booked") == 1
