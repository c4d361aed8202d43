"""The prompts of one call: the spec's templates, filled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agentrun.call import Call
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
        return templates.render(text, call, spec.vars, now)

    greeting = spec.prompts.greeting
    if isinstance(greeting, FixedWords):
        return CallPrompts(render(spec.prompts.system), None, render(greeting.say))
    return CallPrompts(render(spec.prompts.system), render(greeting) if greeting else None, None)
