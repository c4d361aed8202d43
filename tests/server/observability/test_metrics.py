"""What Prometheus is told is what happened."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agentrun.records import CallRecord, Entry, Failover
from agentrun.server.observability.metrics import Metrics
from agentrun.simulate.caller import Caller, RefusedError
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, open_desk, until


async def scraped(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for one in families for s in one.samples}


async def test_a_call_is_counted_with_its_tool_and_its_answer(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN]) as desk:
        assert (await scraped(desk.server.url))["agentrun_calls_active", (("agent", "desk"),)] == 0
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            during = await scraped(desk.server.url)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        await desk.finished(call)
        await until(lambda: not desk.server.switchboard.live, 5)
        after = await scraped(desk.server.url)
    agent = ("agent", "desk")
    assert during["agentrun_calls_active", (agent,)] == 1
    assert after["agentrun_calls_active", (agent,)] == 0
    ended = (agent, ("ended_by", "caller"), ("transport", "twilio"))
    assert after["agentrun_calls_total", ended] == 1
    assert after["agentrun_call_seconds_count", (agent,)] == 1
    assert after["agentrun_answer_seconds_count", (agent,)] == 1
    tool = (agent, ("status", "ok"), ("tool", "get_hours"))
    assert after["agentrun_tool_seconds_count", tool] == 1
    assert after["agentrun_event_loop_lag_seconds_count", ()] > 0
    assert during["agentrun_calls_capacity", ()] >= 1


async def test_a_call_that_is_not_let_in_is_counted_with_its_reason(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO], overrides={"callers": "{block: ['+1']}"}) as desk:
        with pytest.raises(RefusedError):
            async with Caller().call(desk.url):
                pass
        told = await scraped(desk.server.url)
    assert told["agentrun_refused_total", (("agent", "desk"), ("reason", "blocked"))] == 1


async def test_a_stranger_is_told_nothing(tmp_path: Path) -> None:
    environ = {"AGENTRUN_API_KEY": "the-servers-key"}
    async with open_desk(tmp_path, [HELLO], environ=environ) as desk, httpx.AsyncClient() as client:
        for headers, code in (({}, 401), ({"Authorization": "Bearer guessed"}, 401)):
            answer = await client.get(f"{desk.server.url}/metrics", headers=headers)
            assert (answer.status_code, "agentrun_calls" in answer.text) == (code, False)
        headers = {"Authorization": "Bearer the-servers-key"}
        assert (await client.get(f"{desk.server.url}/metrics", headers=headers)).status_code == 200


def alone(**plans: Any) -> Metrics:
    """The metrics of agents without a server."""

    def ignore(_watcher: object) -> None:
        """Nobody is told of calls here."""

    admission = SimpleNamespace(on_refusal=ignore)
    watchers = dict.fromkeys(("on_begin", "on_leave", "on_end"), ignore)
    switchboard: Any = SimpleNamespace(plans=plans, admission=admission, **watchers)
    return Metrics(switchboard)


def test_what_a_model_or_a_provider_makes_up_is_no_label() -> None:
    target = SimpleNamespace(tools=(SimpleNamespace(name="pay"),))
    plan = SimpleNamespace(handoff_targets={"till": target}, transports=(), webhook=None)
    metrics = alone(desk=plan)
    names = ("book", "pay", "invented", "an invented one, with words of the caller's")
    record = CallRecord("CA1", "desk", "twilio", spec={"tools": {"book": {}}})
    record.transcript = [Entry(1.0, "tool", "", name, {}, "ok", 0.1) for name in names]
    kinds = ("rate_limit", "not_told", "Sorry", "we_have_" * 40, "über")
    record.errors = [f"{kind}: whatever" for kind in kinds]
    metrics.ended(record)
    samples = [sample for one in metrics.registry.collect() for sample in one.samples]
    tools = {s.labels["tool"]: s.value for s in samples if s.name == "agentrun_tool_seconds_count"}
    assert tools == {"book": 1, "pay": 1, "unknown": 2}
    errors = {s.labels["kind"]: s.value for s in samples if s.name == "agentrun_errors_total"}
    assert errors == {"rate_limit": 1, "not_told": 1, "other": 3}


def test_what_alerts_wait_for_is_there_before_it_happens() -> None:
    plan = SimpleNamespace(transports=(SimpleNamespace(type="twilio"),), webhook=object())
    value = alone(desk=plan).registry.get_sample_value
    desk = {"agent": "desk"}
    for name, labels in (
        ("calls", {"transport": "twilio", "ended_by": "error"}),
        ("refused", {"reason": "full"}),
        ("records_refused", {}),
        ("webhook_tries", {"result": "given up"}),
        ("failovers", {"part": "llm"}),
    ):
        assert value(f"agentrun_{name}_total", desk | labels) == 0, name


def test_a_failover_is_counted_under_its_former_name_too() -> None:
    metrics = alone()
    failover = Failover(1.0, "llm", "b/2", "a/1", "gone")
    metrics.ended(CallRecord("CA1", "desk", "twilio", failovers=[failover, failover]))
    for name in ("agentrun_failovers_total", "agentrun_takeovers_total"):
        assert metrics.registry.get_sample_value(name, {"agent": "desk", "part": "llm"}) == 2.0
