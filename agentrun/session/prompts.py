"""The prompts of one call: the spec's templates, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentrun.call import Call
from agentrun.records import storable
from agentrun.spec.models.agent import AgentSpec, FixedWords
from agentrun.spec.values import templates
from agentrun.spec.values.variables import found_out


@dataclass(frozen=True)
class CallPrompts:
    """``greeting`` is what the model is asked to say first, ``opening`` fixed words; at most one is set.

    ``resume`` are the words with which a call of another machine goes on.
    """

    system: str
    greeting: str | None
    opening: str | None
    resume: str = ""


def fill(
    spec: AgentSpec, call: Call, variables: Mapping[str, Any] | None = None, now: datetime | None = None
) -> CallPrompts:
    """Fill in the templates for ``call``, with its ``variables``, else with the first values of ``spec``."""
    values = {**dict.fromkeys(found_out(spec)), **spec.vars} if variables is None else variables
    moment = now or datetime.now().astimezone()

    def render(text: str) -> str:
        return storable.text(templates.render(text, call, values, moment))

    greeting, system = spec.greeting, render(spec.prompts.system) + _pronunciation(spec)
    if isinstance(greeting, FixedWords):
        return CallPrompts(system, None, render(greeting.say), spec.prompts.resume)
    return CallPrompts(system, render(greeting) if greeting else None, None, spec.prompts.resume)


def _pronunciation(spec: AgentSpec) -> str:
    """What a realtime model is told of names; a cascade's voice is given them as they sound."""
    if not spec.pronounce or spec.pipeline.style != "realtime":
        return ""
    sounds = "; ".join(f"{word}: {sound}" for word, sound in spec.pronounce.items())
    return f"\n\nPronounce these words like this: {sounds}."
