"""The language that an agent speaks, as far as its spec tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.models.agent import AgentSpec
from agentrun.text_normalization.detection import language_of

USUAL = "en"


def of(spec: AgentSpec, services: Sequence[ServicePlan | None]) -> str:
    """The language of the voice, else of the transcription, else the one that the prompt is written in.

    A code such as ``en`` or ``de-AT``; ``services`` are the voice, the transcription and the realtime model.
    """
    named = next(filter(None, map(_named, _in_order(services))), "")
    return named or language_of(spec.prompts.system, USUAL)


def _in_order(services: Sequence[ServicePlan | None]) -> list[Mapping[str, Any]]:
    settings = [service.settings for service in services if service]
    transcriptions = [one.get("transcription") for one in settings]
    return [*settings, *(one for one in transcriptions if isinstance(one, Mapping))]


def _named(settings: Mapping[str, Any]) -> str:
    return str(settings.get("language") or "")
