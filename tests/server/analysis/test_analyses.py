"""Calls are analysed once they are over: beside other calls, also by the next server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agentrun.records.store.store import CallQuery, Store
from agentrun.records.webhook.signature import VARIABLE
from agentrun.server.analysis import left_over
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from agentrun.transports import text
from tests.calls.desk import until
from tests.records.store.stored_calls import lapse
from tests.records.store.test_analyses import saved, waiting
from tests.server.analysis.brain import AnalysisBrain, asked
from tests.server.records.receiver import SECRET, Receiver

SPEC = """
name: desk
transport: local
prompts: {system: Be brief., greeting: null}
after_call: {success: it went well, fields: {reason: {enum: [price, other]}}}
"""
FOUND = {"summary": "They asked for the price.", "success": True, "fields": {"reason": "price"}}
ANSWER = json.dumps(FOUND)
PRICE = Answer("It costs ten dollars.")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture
def records(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'calls.sqlite3'}"


async def call(server: RunningServer, *said: str) -> str:
    """A written call in which the caller says this, and hangs up; its id."""
    heard = asyncio.Event()
    transport = text.TextTransport(lambda frame: heard.set() if "FullResponseEnd" in frame.name else None)
    plan = server.switchboard.plans["desk"]
    connection = text.connect(transport, "desk", plan.environ, offline=False)
    task = server.switchboard.answer(plan, connection)
    for words in said:
        heard.clear()
        await transport.write(words)
        await asyncio.wait_for(heard.wait(), 10)
    await transport.hang_up()
    await task
    return connection.call.id


def found(server: RunningServer, call_id: str) -> dict[str, object]:
    record = server.switchboard.records.get("desk", call_id)
    assert record is not None
    return record.analysis


def serving(spec: Path, openai: OpenAIServer, records: str | None = None, **more: str):  # type: ignore[no-untyped-def]
    environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **more}
    options = Options(port=0, insecure=True, records=records, webhooks=bool(more))
    return running_server([spec], environ, options)


def brain(*answers: Answer, found: str | None = None) -> OpenAIServer:
    scripted = AnalysisBrain(answers, [found] if found else [])
    server = OpenAIServer(SilentEngine(), SilentEngine(), scripted)
    # so that a test finds the call's question unanswered, and the analysis not yet asked for
    server.conditions.latency["chat"] = 0.2
    return server


async def test_a_call_that_is_over_is_analysed(spec: Path, records: str) -> None:
    async with brain(PRICE, found=ANSWER) as openai, serving(spec, openai, records) as server:
        call_id = await call(server, "What does it cost?")
        await until(lambda: found(server, call_id)["state"] == "done", 10)
        record = server.switchboard.records.get("desk", call_id)
        assert record is not None
        assert record.errors == []
        assert record.usage["analysis openai/gpt-4o"]["requests"] == 1
        assert record.cost["parts"]["analysis openai/gpt-4o"] > 0
    with Store(records) as store:
        [row] = store.find(CallQuery())
    assert {key: row["analysis"][key] for key in FOUND} == FOUND


async def test_the_webhook_is_sent_the_record_once_and_whole(spec: Path, records: str) -> None:
    receiver = Receiver()
    async with receiver.up():
        spec.write_text(SPEC + f"record: {{webhook: '{receiver.url}'}}\n")  # noqa: ASYNC240
        async with (
            brain(PRICE, found=ANSWER) as openai,
            serving(spec, openai, records, **{VARIABLE: SECRET}) as server,
        ):
            call_id = await call(server, "What does it cost?")
            await until(lambda: receiver.taken, 20)
    assert receiver.taken[call_id]["analysis"]["summary"] == FOUND["summary"]
    assert receiver.faults == []


async def test_a_call_without_words_is_not_analysed(spec: Path, records: str) -> None:
    async with brain() as openai, serving(spec, openai, records) as server:
        call_id = await call(server)
        await until(lambda: found(server, call_id)["state"] == "skipped", 10)
        assert asked(openai) == 0


async def test_a_failed_analysis_leaves_the_record_whole(spec: Path, records: str) -> None:
    async with brain(PRICE) as openai, serving(spec, openai, records) as server:
        assert server.switchboard.analyses is not None
        server.switchboard.analyses.waits = (0.0, 0.0)
        calling = asyncio.create_task(call(server, "What does it cost?"))
        await until(lambda: asked(openai) == 1, 10)
        openai.conditions.faults["chat"] = Fault("status", 401)
        call_id = await calling
        await until(lambda: found(server, call_id)["state"] == "failed", 10)
        record = server.switchboard.records.get("desk", call_id)
        assert record is not None
        assert (record.ended_by, record.errors) == ("caller", [])
        assert [entry.who for entry in record.transcript] == ["caller", "agent"]


async def test_a_call_does_not_wait_for_an_analysis(
    spec: Path, records: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.server.analysis.analyses.CLOSE_SECONDS", 0.2)
    async with brain(PRICE, PRICE) as openai, serving(spec, openai, records) as server:
        calling = asyncio.create_task(call(server, "What does it cost?"))
        await until(lambda: asked(openai) == 1, 10)
        openai.conditions.faults["chat"] = Fault("hang", times=1)
        first = await calling
        await until(lambda: asked(openai) == 2, 10)
        second = await call(server, "And for two?")
        assert found(server, first)["state"] == "waiting"
        record = server.switchboard.records.get("desk", second)
        assert record is not None
        assert [entry.text for entry in record.transcript] == ["And for two?", PRICE.text]


async def test_what_a_server_has_not_done_when_it_stops_is_done_by_the_next_one(
    spec: Path, records: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.server.analysis.analyses.CLOSE_SECONDS", 0.2)
    async with brain(PRICE) as openai, serving(spec, openai, records) as server:
        calling = asyncio.create_task(call(server, "What does it cost?"))
        await until(lambda: asked(openai) == 1, 10)
        openai.conditions.faults["chat"] = Fault("hang")
        call_id = await calling
        await until(lambda: asked(openai) == 2, 10)
    with Store(records) as store:
        row = store.get(call_id)
        assert row is not None
        assert row["analysis"] == {"state": "waiting", "starts": 1}
        assert row["ended_by"] == "caller"
        lapse(store)
    async with brain(found=ANSWER) as openai, serving(spec, openai, records):
        with Store(records) as store:
            await until(lambda: (store.get(call_id) or {})["analysis"]["state"] == "done", 15)
            row = store.get(call_id)
    assert row is not None
    assert row["analysis"]["summary"] == FOUND["summary"]
    assert row["usage"]["analysis openai/gpt-4o"]["requests"] == 1


async def test_without_a_store_what_is_not_done_has_failed(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentrun.server.analysis.analyses.CLOSE_SECONDS", 0.2)
    async with brain(PRICE) as openai:
        async with serving(spec, openai) as server:
            calling = asyncio.create_task(call(server, "What does it cost?"))
            await until(lambda: asked(openai) == 1, 10)
            openai.conditions.faults["chat"] = Fault("hang")
            call_id = await calling
            await until(lambda: asked(openai) == 2, 10)
        assert found(server, call_id) == {"state": "failed", "reason": "the server stopped first"}


async def test_a_call_that_kills_every_server_is_given_up(spec: Path, records: str) -> None:
    with Store(records) as store:
        record = waiting("CA1")
        record.analysis["starts"] = left_over.MOST_STARTS
        saved(store, record)
        lapse(store)
    async with brain() as openai, serving(spec, openai, records):
        with Store(records) as store:
            await until(lambda: (store.get("CA1") or {})["analysis"]["state"] == "failed", 15)
        assert asked(openai) == 0


async def test_an_agent_that_asks_no_more_settles_what_waits(spec: Path, records: str) -> None:
    with Store(records) as store:
        saved(store, waiting("CA1"))
        lapse(store)
    spec.write_text("name: desk\ntransport: local\nprompts: Be brief.\n")  # noqa: ASYNC240
    async with brain() as openai, serving(spec, openai, records):
        with Store(records) as store:
            await until(lambda: (store.get("CA1") or {})["analysis"]["state"] == "failed", 15)
            row = store.get("CA1")
    assert row is not None
    assert "no after_call any more" in row["analysis"]["reason"]


async def test_an_analysis_that_breaks_is_over_too(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("agentrun.server.analysis.analyses.analyse", broken)
    async with brain(PRICE, found=ANSWER) as openai, serving(spec, openai) as server:
        call_id = await call(server, "How much?")
        await until(lambda: found(server, call_id).get("state") != "waiting", 20)
        assert found(server, call_id) == {"state": "failed", "reason": "RuntimeError"}
