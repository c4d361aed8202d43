"""Service settings of a flow's nodes, checked like those of the agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentrun.providers.service import Kind
from agentrun.providers.service_plans import ServicePlan, ServicePlanner
from agentrun.spec.checks import combinations
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.flow import FlowNode
from agentrun.spec.models.flow.services import NodeService
from agentrun.spec.models.pipeline import Alternative

CASCADED: tuple[Kind, ...] = ("stt", "llm", "tts")
FIXED = (
    *("api", "api_key", "attempt_timeout", "base_url", "buffer", "fallback", "patience"),
    *("service_tier", "streaming", "text"),
)
"""What a running service keeps."""
REALTIME = ("noise_reduction", "speed", "transcription")
"""What can change while one of OpenAI's realtime sessions is open."""
Finding = tuple[Where, str, str]
NodeServices = Mapping[str, Mapping[Kind, "ServiceChange"]]
"""By node and by kind."""


@dataclass(frozen=True)
class ServiceChange:
    """Another model, or none other, and settings that stand over those of the agent."""

    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def of(self, plan: ServicePlan) -> ServicePlan:
        """The service of ``plan`` with it.

        >>> voice = ServicePlan("tts", "openai", "tts-1", {"voice": "alloy", "speed": 1.2})
        >>> dict(ServiceChange(settings={"voice": "coral"}).of(voice).settings)
        {'voice': 'coral', 'speed': 1.2}
        """
        return replace(plan, model=self.model or plan.model, settings={**plan.settings, **self.settings})


def plan(file: SpecFile, planner: ServicePlanner) -> NodeServices:
    """The changes of every node; what is wrong with them is told to ``planner``."""
    nodes = file.spec.flow.nodes if file.spec.flow else {}
    for name, node in nodes.items():
        for where, message, hint in _misplaced(file, node):
            planner.problem(("flow", "nodes", name, *where), message, hint)
    return {name: dict(_changes(file, name, node, planner)) for name, node in nodes.items()}


def _changes(
    file: SpecFile, name: str, node: FlowNode, planner: ServicePlanner
) -> Iterator[tuple[Kind, ServiceChange]]:
    style = file.spec.pipeline.style
    kinds: tuple[Kind, ...] = (*CASCADED, "realtime")
    for kind in kinds:
        change: NodeService | None = getattr(node, kind)
        own: Alternative | None = getattr(file.spec.pipeline, kind)
        where: Where = ("flow", "nodes", name, kind)
        if change is None:
            continue
        if own is None:
            planner.problem(where, f"the agent has no {kind}", "leave it out")
            continue
        kept = {str(below[0]): (message, hint) for below, message, hint in _unchangeable(kind, change, own)}
        for key, told in kept.items():
            planner.problem((*where, key), *told)
        if "model" not in kept:
            settings = {key: value for key, value in change.settings.items() if key not in kept}
            rest = NodeService.model_validate({"model": change.model, **settings})
            used = (kind == "realtime") == (style == "realtime")
            yield kind, _checked(kind, rest, own, where, planner, used=used)


def _checked(
    kind: Kind, change: NodeService, own: Alternative, where: Where, planner: ServicePlanner, *, used: bool
) -> ServiceChange:
    """The change with its variables filled in; what the agent's own service has wrong is told there alone."""
    merged = Alternative.model_validate(
        {**own.settings, **change.settings, "model": change.model or own.model}
    )
    problems, notes = list(planner.problems), list(planner.notes)
    service = planner.service(kind, merged, where, used=used)
    for told, before in ((planner.problems, problems), (planner.notes, notes)):
        known = {problem.message for problem in before}
        told[len(before) :] = [problem for problem in told[len(before) :] if problem.message not in known]
    settings = {key: service.settings[key] for key in change.settings if key in service.settings}
    return ServiceChange(service.model if change.model else None, settings)


def _unchangeable(kind: Kind, change: NodeService, own: Alternative) -> Iterator[Finding]:
    """What can't be another one while the service runs."""
    if kind == "realtime":
        there = f"write {', '.join(REALTIME[:-1])} or {REALTIME[-1]}"
        if change.model:
            yield ("model",), "the model can't be changed during a realtime session", there
        for key in change.settings:
            if key == "voice":
                yield (key,), "the voice can't be changed once a realtime session has spoken", there
            elif key not in REALTIME:
                yield (key,), f"'{key}' can't be changed during a realtime session", there
        return
    provider = change.model.partition("/")[0] if change.model else own.provider
    if provider != own.provider:
        message = f"the provider can't be changed while the service runs: it is {own.provider}"
        yield ("model",), message, f"write {own.provider}/… with one of its models"
    for key in change.settings:
        if key in FIXED:
            yield (key,), f"'{key}' can't be changed while the service runs", f"write it at pipeline.{kind}"


def _misplaced(file: SpecFile, node: FlowNode) -> Iterator[Finding]:
    """What would have no effect in the style."""
    written = [kind for kind in CASCADED if getattr(node, kind)]
    if file.spec.pipeline.style == "cascaded":
        if node.realtime and not written:
            yield ("realtime",), "a cascade has no realtime model", "write stt, llm or tts, or leave it out"
        return
    if written and not node.realtime:
        message = f"a realtime session has no {written[0]}, and its model and voice can't be changed"
        hint = f"write realtime with {', '.join(REALTIME)}, or pipeline.style: cascaded"
        yield (written[0],), message, hint
    if node.interruptions is False and combinations.turn_detection(file) != "local":
        message = "a realtime model that detects turns itself always lets the caller interrupt"
        yield (
            ("interruptions",),
            message,
            "write turns.detection: smart, so that turns are detected on this machine",
        )
