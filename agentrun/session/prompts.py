"""The prompts of one call: the spec's templates, rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentrun.call import Call
from agentrun.records import storable
from agentrun.spec.models.agent import AgentSpec, FixedWords
from agentrun.spec.values import partial_rendering, templates
from agentrun.spec.values.variables import found_out


@dataclass(frozen=True)
class CallPrompts:
    """The rendered prompts: ``greeting`` instructs the model, ``opening`` is spoken; at most one is set.

    ``resume`` is spoken when another machine's call is resumed. ``troubles`` says which templates could not
    be rendered completely with the values of this call, and why.
    """

    system: str
    greeting: str | None
    opening: str | None
    resume: str = ""
    troubles: tuple[str, ...] = ()


def fill(
    spec: AgentSpec, call: Call, variables: Mapping[str, Any] | None = None, now: datetime | None = None
) -> CallPrompts:
    """Render the templates for ``call`` with ``variables``, by default the initial values in ``spec``.

    A template that fails is rendered as far as possible, since callers choose some of the values.
    """
    values = {**dict.fromkeys(found_out(spec)), **spec.vars} if variables is None else variables
    moment = now or datetime.now().astimezone()

    names, troubles = templates.names(call, values, moment), list[str]()

    def render(text: str, where: str) -> str:
        words, trouble = partial_rendering.render(text, names)
        if trouble:
            troubles.append(f"{where} can't be filled in whole with these values: {trouble}")
        return storable.text(words)

    greeting, system = spec.greeting, render(spec.prompts.system, "prompts.system") + _pronunciation(spec)
    fixed = greeting.say if isinstance(greeting, FixedWords) else None
    asked = None if isinstance(greeting, FixedWords) else greeting
    return CallPrompts(
        system,
        render(asked, "prompts.greeting") if asked else None,
        None if fixed is None else render(fixed, "prompts.greeting"),
        spec.prompts.resume,
        tuple(troubles),
    )


def _pronunciation(spec: AgentSpec) -> str:
    """Instructions to a realtime model for ``pronounce``; in a cascade the text is replaced instead."""
    if not spec.pronounce or spec.pipeline.style != "realtime":
        return ""
    sounds = "; ".join(f"{word}: {sound}" for word, sound in spec.pronounce.items())
    return f"\n\nPronounce these words like this: {sounds}."
