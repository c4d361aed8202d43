"""Idle stages that would never be reached."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.idle import AnyIdle, IdleStage

Finding = tuple[Where, str, str]


def check(file: SpecFile) -> Iterator[Finding]:
    """Every stage that comes too late: after a later one, after the call's end, or never."""
    for where, idle in places(file.spec):
        if isinstance(idle, tuple):
            yield from _order(where, idle)
            yield from _reached(where, idle, file.spec.limits.idle_timeout)
            yield from _askable(where, idle, file.spec)


def places(spec: AgentSpec) -> Iterator[tuple[Where, AnyIdle]]:
    """Every ``idle:``, and where it stands."""
    if spec.turns.idle:
        yield ("turns", "idle"), spec.turns.idle
    for name, node in spec.flow.nodes.items() if spec.flow else ():
        if node.idle:
            yield ("flow", "nodes", name, "idle"), node.idle


def asks_model(spec: AgentSpec) -> bool:
    """Whether the model is ever asked to speak to a silent caller."""
    stages = [stage for _, idle in places(spec) if isinstance(idle, tuple) for stage in idle]
    return any(stage.ask for stage in stages)


def _order(where: Where, stages: tuple[IdleStage, ...]) -> Iterator[Finding]:
    for index, (before, stage) in enumerate(itertools.pairwise(stages), 1):
        if stage.after <= before.after:
            message = f"must be later than the stage before it, which comes after {before.after:g}s"
            hint = "write later stages with longer times: `after` counts from the beginning of the silence"
            yield (*where, index, "after"), message, hint
        if before.then != "continue":
            yield (*where, index), "the stage before it ends the call", "remove it, or that stage's `then`"


def _reached(where: Where, stages: tuple[IdleStage, ...], most: float) -> Iterator[Finding]:
    starts = (0.0, *(stage.after for stage in stages[:-1]))
    gaps = [stage.after - before for stage, before in zip(stages, starts, strict=True)]
    for index, gap in enumerate(gaps):
        if gap >= most:
            message = f"limits.idle_timeout ends the call after {most:g}s of silence, before this stage"
            yield (*where, index, "after"), message, "write a shorter time, or a longer limits.idle_timeout"


def _askable(where: Where, stages: tuple[IdleStage, ...], spec: AgentSpec) -> Iterator[Finding]:
    provider = spec.pipeline.realtime.provider
    if spec.pipeline.style == "realtime" and provider != "openai":
        for index, stage in enumerate(stages):
            if stage.ask:
                message = f"{provider}'s realtime models can't be asked to speak to a silent caller"
                yield (*where, index, "ask"), message, "write say, or an openai realtime model"
