"""From the end of a call to its webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.errors import SetupError
from agentrun.records.store.store import Store
from agentrun.records.webhook.signature import VARIABLE
from agentrun.server.lifecycle.startup import Options, running_server
from tests.calls.desk import HELLO, open_desk, until
from tests.server.observability.test_metrics import scraped
from tests.server.records.receiver import SECRET, Receiver

SPEC = "name: desk\ntransport: local\nprompts: Hi.\nrecord: {webhook: 'https://crm.example.com/calls'}\n"
KEYS = {"OPENAI_API_KEY": "test"}


async def test_a_calls_record_reaches_the_webhook_and_is_counted(tmp_path: Path) -> None:
    receiver = Receiver()
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    async with receiver.up():
        async with open_desk(
            tmp_path,
            [HELLO],
            overrides={"record.webhook": "${CRM}"},
            environ={VARIABLE: SECRET, "CRM": receiver.url},
            records=records,
        ) as desk:
            async with desk.caller.call(desk.url) as call:
                await call.hear_greeting(silence=0.5)
            record = await desk.finished(call)
            await until(lambda: receiver.taken, 20)
            delivered = ("agentrun_webhook_tries_total", (("agent", "desk"), ("result", "delivered")))
            counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
            async with asyncio.timeout(20):
                while not counts.get(delivered):
                    counts |= await scraped(desk.server.url)
        assert receiver.taken[call.call_sid] == record.as_json()
    assert receiver.faults == []
    assert counts["agentrun_webhook_waiting", (("agent", "desk"),)] in (0, 1)
    assert b"part-of-the-address" not in (tmp_path / "calls.sqlite3").read_bytes()


async def test_a_call_that_ends_with_the_server_is_sent_by_it_or_by_the_next_one(tmp_path: Path) -> None:
    receiver = Receiver()
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    given = {VARIABLE: SECRET}
    async with receiver.up():
        pass
    overrides = {"record.webhook": receiver.url}
    async with (
        open_desk(tmp_path, [HELLO], overrides=overrides, environ=given, records=records) as desk,
        desk.caller.call(desk.url) as call,
    ):
        await call.hear_greeting(silence=0.5)
    assert receiver.taken == {}
    with Store(records) as store:
        assert store.outbox.waiting(["desk"]) == {"desk": 1}
    async with (
        receiver.up(),
        open_desk(tmp_path, [], overrides=overrides, environ=given, records=records),
    ):
        await until(lambda: receiver.taken, 30)
    assert list(receiver.taken) == [call.call_sid]


@pytest.mark.parametrize(
    ("environ", "records", "words"),
    [
        ({VARIABLE: SECRET}, None, "--records none keeps none"),
        ({}, "sqlite://", f"{VARIABLE} is not set"),
    ],
)
async def test_a_webhook_that_can_not_work_is_refused_at_the_start(
    tmp_path: Path, environ: dict[str, str], records: str | None, words: str
) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC)
    options = Options(port=0, records=records, webhooks=True)
    with pytest.raises(SetupError, match=words):
        async with running_server([tmp_path / "desk.yaml"], {**KEYS, **environ}, options):
            pass
