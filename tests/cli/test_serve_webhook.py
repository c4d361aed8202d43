"""``agentrun serve`` is killed, and no record is lost on its way to the webhook."""

from __future__ import annotations

from pathlib import Path

from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.records.webhook.signature import VARIABLE
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, until
from tests.cli.serve_process import SPEC, assert_mendable, serve, serving
from tests.server.records.receiver import SECRET, Receiver


def ended(records: str, number: int) -> bool:
    """Whether so many calls have ended, and are in the store."""
    with Store(records) as store:
        return sum(bool(row["ended"]) for row in store.find(CallQuery())) == number


async def test_a_killed_servers_calls_are_all_sent_by_the_next_one(tmp_path: Path) -> None:
    receiver, spec = Receiver(), tmp_path / "desk.yaml"
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    async with receiver.up():
        spec.write_text(f"{SPEC}record: {{webhook: '{receiver.url}'}}\n")
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO] * 3)) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, VARIABLE: SECRET}
        async with serving(spec, given, "--records", records) as (process, url):
            async with Caller().call(f"{url}/desk") as over:
                await over.hear_greeting(silence=0.5)
            await until(lambda: ended(records, 1), 20)
            async with Caller().call(f"{url}/desk") as cut:
                await cut.hear_greeting(silence=0.5)
                process.kill()
                await process.wait()
        async with receiver.up(), serving(spec, given, "--records", records):
            await until(lambda: len(receiver.taken) == 2, 60)
    assert receiver.taken[over.call_sid]["ended_by"] == "caller"
    assert receiver.taken[cut.call_sid]["reason"] == CUT_OFF
    assert receiver.deliveries == {over.call_sid: 1, cut.call_sid: 1}
    assert receiver.faults == []


def test_without_records_a_webhook_is_refused(tmp_path: Path) -> None:
    spec = tmp_path / "desk.yaml"
    spec.write_text(f"{SPEC}record: {{webhook: 'https://crm.example.com/calls'}}\n")
    given = {"OPENAI_API_KEY": "k", VARIABLE: SECRET}
    assert_mendable(serve(spec, "--port", "0", "--records", "none", **given), "--records none", "webhook")
