"""The language that an agent speaks, as far as its spec tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentrun.errors import Problem
from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec
from agentrun.text_normalization.detection import language_of

USUAL = "en"
PACKAGED = "en"
"""Of the apology that is packaged as sound."""


def of(spec: AgentSpec, services: Sequence[ServicePlan | None]) -> str:
    """The language of the voice, else of the transcription, else the one that the prompt is written in.

    A code such as ``en`` or ``de-AT``; ``services`` are the voice, the transcription and the realtime model.
    """
    named = next(filter(None, map(_named, _in_order(services))), "")
    return named or language_of(spec.prompts.system, USUAL)


def check(file: SpecFile, services: Sequence[ServicePlan | None]) -> list[Problem]:
    """A warning where the packaged apology is in another language than the agent's."""
    language = of(file.spec, services)
    if primary(language) == PACKAGED:
        return []
    message = f"this agent speaks '{language}', and the packaged apology is English"
    hint = (
        "it is heard only where neither the agent's voice nor Twilio can say the words of prompts.apology: "
        "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and Twilio says them in the agent's language"
    )
    return [file.problem(("prompts", "apology"), message, hint, "warning")]


def primary(language: str) -> str:
    """A language without its region.

    >>> primary("de-AT"), primary("pt_BR"), primary("EN")
    ('de', 'pt', 'en')
    """
    return language.replace("_", "-").partition("-")[0].lower()


def _in_order(services: Sequence[ServicePlan | None]) -> list[Mapping[str, Any]]:
    settings = [service.settings for service in services if service]
    transcriptions = [one.get("transcription") for one in settings]
    return [*settings, *(one for one in transcriptions if isinstance(one, Mapping))]


def _named(settings: Mapping[str, Any]) -> str:
    return str(settings.get("language") or "")
