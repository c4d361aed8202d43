"""The prompts of one call: the spec's templates, filled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentrun.call import Call
from agentrun.records import storable
from agentrun.spec.models.agent import AgentSpec, FixedWords
from agentrun.spec.values import templates


@dataclass(frozen=True)
class CallPrompts:
    """``greeting`` is what the model is asked to say first, ``opening`` fixed words; at most one is set."""

    system: str
    greeting: str | None
    opening: str | None


def fill(spec: AgentSpec, call: Call) -> CallPrompts:
    """Fill in the templates for ``call``."""
    now = datetime.now().astimezone()

    def render(text: str) -> str:
        return storable.text(templates.render(text, call, spec.vars, now))

    greeting, system = spec.greeting, render(spec.prompts.system) + _pronunciation(spec)
    if isinstance(greeting, FixedWords):
        return CallPrompts(system, None, render(greeting.say))
    return CallPrompts(system, render(greeting) if greeting else None, None)


def _pronunciation(spec: AgentSpec) -> str:
    """What a realtime model is told of names; a cascade's voice is given them as they sound."""
    if not spec.pronounce or spec.pipeline.style != "realtime":
        return ""
    sounds = "; ".join(f"{word}: {sound}" for word, sound in spec.pronounce.items())
    return f"\n\nPronounce these words like this: {sounds}."
