"""Finds English default texts that callers of an agent in another language would hear."""

from __future__ import annotations

from collections.abc import Sequence

from agentrun.errors import Problem
from agentrun.plan import language as languages
from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.base import SpecModel
from agentrun.spec.models.idle import Idle

_PACKAGED = "en"
"""The language of the apology that is packaged as sound."""
_IDLE = {"say": True, "goodbye": True}


def check(file: SpecFile, services: Sequence[ServicePlan | None]) -> list[Problem]:
    """Warnings where the packaged apology, or words that the spec leaves as they are, are not the agent's."""
    language = languages.of(file.spec, services)
    if _primary(language) == _PACKAGED:
        return []
    message = f"this agent speaks '{language}', and the packaged apology is English"
    hint = (
        "it is heard only where neither the agent's voice nor Twilio can say the words of prompts.apology: "
        "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and Twilio says them in the agent's language"
    )
    packaged = file.problem(("prompts", "apology"), message, hint, "warning")
    if not (english := _left_in_english(file.spec)):
        return [packaged]
    message = f"this agent speaks '{language}', and its callers hear English at {', '.join(english)}"
    return [packaged, file.problem(("prompts",), message, "write these words in its language", "warning")]


def _left_in_english(spec: AgentSpec) -> list[str]:
    """Where words stand that a caller may hear, and of which the spec says nothing."""
    transfers = spec.on_fault is not None or any(one.use == "transfer" for one in spec.tools)
    works = bool(spec.tools or spec.knowledge or spec.handoff or spec.flow)
    telephone = any(one.type == "twilio" for one in spec.transport)
    heard: list[tuple[str, SpecModel | None, dict[str, bool]]] = [
        ("prompts", spec.prompts, {"apology": True, "repeat": True, "wait": works, "goodbye": True}),
        ("prompts", spec.prompts, {"busy": telephone, "unanswered": transfers, "resume": spec.resume}),
        ("limits", spec.limits, {"warning": spec.limits.warn_before > 0, "goodbye": True}),
        ("turns.idle", spec.turns.idle if isinstance(spec.turns.idle, Idle) else None, _IDLE),
        ("hours", spec.hours, {"closed": True}),
        ("on_fault", spec.on_fault, {"say": True}),
    ]
    return [
        f"{where}.{name}"
        for where, model, names in heard
        for name, is_heard in names.items()
        if model and is_heard and name not in model.model_fields_set
    ]


def _primary(language: str) -> str:
    """A language without its region.

    >>> _primary("de-AT"), _primary("pt_BR"), _primary("EN")
    ('de', 'pt', 'en')
    """
    return language.replace("_", "-").partition("-")[0].lower()
