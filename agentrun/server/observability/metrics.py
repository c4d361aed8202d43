"""Prometheus metrics: calls, answers, tools, errors, and event loop delay."""

from __future__ import annotations

import math
import os
import re
from itertools import product
from typing import Literal, get_args

from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from agentrun import __version__
from agentrun.pipeline.tools.tool_spans import UNKNOWN
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, EndedBy
from agentrun.server.admission.limits import Kind
from agentrun.server.admission.load import Load
from agentrun.server.auth import api_key
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.observability.model_metrics import ModelMetrics
from agentrun.server.records.webhook_delivery import Deliverer, Result
from agentrun.server.shared_state.state import SharedState

_ANSWER = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_STAGE = (0.01, 0.025, *_ANSWER)
_CALL = (5, 15, 30, 60, 120, 300, 600, 1200, 1800)
_OverWorkers = Literal["livesum", "livemax", "livemostrecent"]
"""What a figure of several workers is: their sum, their highest, or the last that was set."""
_KIND = re.compile(r"[a-z]{1,24}(?:_[a-z]{1,24}){0,4}")
"""How an error that we have a word for begins; what a provider says of itself is `other`."""
_LAG = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


class _Families:
    """Makes the server's metrics in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"agentrun_{name}", words, labels, registry=self._registry)

    def histogram(self, name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"agentrun_{name}", words, labels, buckets=buckets, registry=self._registry)

    def gauge(self, name: str, words: str, *labels: str, over_workers: _OverWorkers = "livesum") -> Gauge:
        registry = self._registry
        return Gauge(f"agentrun_{name}", words, labels, registry=registry, multiprocess_mode=over_workers)


class Metrics:
    """Counts what the switchboard's calls were like, each at its end."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.registry = CollectorRegistry()
        self._admission = switchboard.admission
        self._switchboard = switchboard
        self.models = ModelMetrics(self.registry)
        """Counts each request to a language model when it is over."""
        make = _Families(self.registry)
        self._count_calls(make)
        self._count_load(make)
        self._count_records(make)
        for agent, plan in switchboard.plans.items():
            self._begin_at_zero(agent, plan)
        switchboard.on_begin(lambda record: self._active.labels(record.agent).inc())
        switchboard.on_leave(lambda record: self._active.labels(record.agent).dec())
        switchboard.on_end(self.ended)
        switchboard.admission.on_refusal(lambda agent, kind: self._refused.labels(agent, kind).inc())

    def _begin_at_zero(self, agent: str, plan: Plan) -> None:
        """A counter that appears with its first event has not risen, to Prometheus: an alert would miss it.

        https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
        """
        self._active.labels(agent).set(0)
        for transport, ended_by in product({one.type for one in plan.transports}, get_args(EndedBy)):
            self._calls.labels(agent, transport, ended_by)
        for kind in get_args(Kind):
            self._refused.labels(agent, kind)
        for part in ("stt", "llm", "tts"):
            self._failovers.labels(agent, part)
        self._refused_records.labels(agent)
        if plan.webhook:
            for result in get_args(Result):
                self._deliveries.labels(agent, result)

    def _count_calls(self, make: _Families) -> None:
        self._calls = make.counter("calls", "Calls that have ended.", "agent", "transport", "ended_by")
        self._length = make.histogram("call_seconds", "How long calls lasted.", _CALL, "agent")
        words = "From the caller's last word to the first sound of the answer."
        self._answers = make.histogram("answer_seconds", words, _ANSWER, "agent")
        self._stages = make.histogram("stage_seconds", "The parts of it.", _STAGE, "agent", "stage")
        words = "How long tools took."
        self._tools = make.histogram("tool_seconds", words, _ANSWER, "agent", "tool", "status")
        self._errors = make.counter("errors", "Errors of providers, by kind.", "agent", "kind")
        words = "Services that went on for another."
        self._failovers = make.counter("failovers", words, "agent", "part")
        words = "The former name of agentrun_failovers_total."
        self._takeovers = make.counter("takeovers", words, "agent", "part")
        self._interruptions = make.counter("interruptions", "Answers that callers cut.", "agent")
        self._refused = make.counter("refused", "Calls that were not let in.", "agent", "reason")
        words = "Streams that were not taken."
        self._refused_streams = make.counter("streams_refused", words, "agent", "reason")
        words = "Calls that were to be answered at Pipecat Cloud, by what came of it."
        self._dispatches = make.counter("dispatches", words, "agent", "result")

    def _count_load(self, make: _Families) -> None:
        self._lag = make.histogram("event_loop_lag_seconds", "How late the event loop was.", _LAG)
        self._active = make.gauge("calls_active", "Calls that are up.", "agent")
        words = "Calls that are held at once, as --capacity says and by how busy and how late the process is."
        self._capacity = make.gauge("calls_capacity", words)
        self._expected = make.gauge("calls_expected", "Calls that were let in and are not up yet.")
        words = "Decisions without the shared state, which was away."
        self._alone = make.counter("decided_alone", words, "about")
        words = "1 while what machines share can't be reached."
        self._away = make.gauge("shared_state_away", words, over_workers="livemax")
        words = "The version that runs, as a label; the value is the number of processes."
        self._version = make.gauge("info", words, "version")
        self._version.labels(__version__).set(1)

    def _count_records(self, make: _Families) -> None:
        self._deliveries = make.counter("webhook_tries", "Records sent to webhooks.", "agent", "result")
        words = "Records that have not reached their webhook."
        self._waiting = make.gauge("webhook_waiting", words, "agent", over_workers="livemostrecent")
        words = "Records that the store can't take."
        self._refused_records = make.counter("records_refused", words, "agent")

    def _note_load(self, load: Load) -> None:
        carries = math.inf if self._admission.carries is None else self._admission.carries
        self._capacity.set(min(load.capacity, carries))
        self._expected.set(self._admission.expected)

    def stream_refused(self, agent: str, reason: str) -> None:
        """Count a stream that was not taken; ``agent`` is one of the server's, or empty."""
        self._refused_streams.labels(agent, reason).inc()

    def dispatched(self, agent: str, result: str) -> None:
        """Count a call that a session elsewhere was to be started for."""
        self._dispatches.labels(agent, result).inc()

    def share(self, state: SharedState) -> None:
        """Count what is decided without the others, and say when they can't be asked."""
        self._away.set(0)
        state.on_away(lambda is_away: self._away.set(int(is_away)))
        state.on_decided_alone(lambda about: self._alone.labels(about).inc())

    def record_refused(self, agent: str) -> None:
        """Count a record that is kept in a file of its own, since no store takes it."""
        self._refused_records.labels(agent).inc()

    def follow(self, deliverer: Deliverer) -> None:
        """Count what is sent to webhooks, and what waits for it."""
        deliverer.on_result(lambda agent, result: self._deliveries.labels(agent, result).inc())
        deliverer.on_count(lambda agent, number: self._waiting.labels(agent).set(number))

    def ended(self, record: CallRecord) -> None:
        """Count a call.

        No label is of a model's or a provider's making, for each new one is kept as long as the server runs.
        """
        agent, tools = record.agent, self._tools_of(record)
        self._calls.labels(agent, record.transport, record.ended_by or "error").inc()
        if record.ended:
            self._length.labels(agent).observe(record.seconds)
        for turn in record.turns:
            self._answers.labels(agent).observe(turn.total_ms / 1000)
            for stage, took in turn.stages.items():
                self._stages.labels(agent, stage).observe(took / 1000)
        for entry in record.transcript:
            if entry.who == "tool":
                name = entry.name if entry.name in tools else UNKNOWN
                self._tools.labels(agent, name, entry.status).observe(entry.seconds)
            if entry.interrupted:
                self._interruptions.labels(agent).inc()
        for error in record.errors:
            kind = error.partition(":")[0]
            self._errors.labels(agent, kind if _KIND.fullmatch(kind) else "other").inc()
        for failover in record.failovers:
            for counter in (self._failovers, self._takeovers):
                counter.labels(agent, failover.part).inc()

    def _tools_of(self, record: CallRecord) -> set[str]:
        """The names of the tools that a call may have used: its agent's, and its handoff targets'."""
        plan = self._switchboard.plans.get(record.agent)
        targets = plan.handoff_targets.values() if plan else ()
        return {*record.spec.get("tools", ()), *(tool.name for target in targets for tool in target.tools)}

    def measure(self, load: Load) -> None:
        """Tell how late the event loop is, and how many calls this process holds."""

        def looked(late: float) -> None:
            self._lag.observe(late)
            self._note_load(load)

        load.on_look(looked)
        self._note_load(load)


def registry_of(metrics: Metrics) -> CollectorRegistry:
    """Where the figures are read: those of this process, or of all workers where there are several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return metrics.registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def router(metrics: Metrics, settings: ServerSettings) -> APIRouter:
    """``GET /metrics``: for this machine on loopback, else for whoever has ``AGENTRUN_API_KEY``."""
    routes = APIRouter(dependencies=[Depends(api_key.require(settings))])

    @routes.get("/metrics")
    async def text() -> Response:
        return Response(generate_latest(registry_of(metrics)), media_type=CONTENT_TYPE_LATEST)

    return routes
