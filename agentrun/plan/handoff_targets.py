"""An agent and its handoff targets, and whether one can take over from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentrun.plugins import handoff
from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec


def files(file: SpecFile) -> dict[str, SpecFile]:
    """Every agent that a call with ``file`` may come to, by name; its own is not among them.

    Raises SpecError for one that can't be read.
    """
    targets = {file.spec.name: file}
    ahead = [file]
    while ahead:
        here = ahead.pop()
        for name in here.spec.handoff:
            if name not in targets:
                targets[name] = handoff.load_target(here, name)
                ahead.append(targets[name])
    del targets[file.spec.name]
    return targets


@dataclass(frozen=True)
class HandoffTarget:
    """An agent with its services: stt, llm, tts and realtime, None where its style has no such part."""

    spec: AgentSpec
    services: Sequence[ServicePlan | None]


def difference(one: HandoffTarget, other: HandoffTarget) -> tuple[str, str] | None:
    """Why a call can't go from ``one`` agent to the ``other``, and what to do; None when it can.

    The pipeline of a call stays: what can change is what its services are told.
    """
    name, style = other.spec.name, one.spec.pipeline.style
    if other.spec.pipeline.style != style:
        message = f"'{name}' is {other.spec.pipeline.style}, and '{one.spec.name}' is {style}"
        return message, f"write pipeline.style: {style} there"
    for member in (one, other):
        if member.spec.flow:
            message = f"'{member.spec.name}' follows a flow, and a call with a flow can't be handed over"
            return message, "remove the flow, or the handoff"
    for mine, theirs in zip(one.services, other.services, strict=True):
        if _fixed(mine) != _fixed(theirs):
            kind = mine.kind if mine else theirs.kind if theirs else ""
            message = f"'{name}' has another provider of {kind}"
            return message, "use the same one; models, voices and prompts may differ"
    return None


def _fixed(part: ServicePlan | None) -> list[tuple[object, ...]]:
    """What a running service can't change about itself."""
    every = (part, *part.fallback) if part else ()
    return [
        (
            each.provider,
            each.base_url,
            each.api_key,
            *(each.settings.get(key) for key in ("api", "streaming")),
        )
        for each in every
    ]
