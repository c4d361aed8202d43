"""How errors name the services of a call: part, service, and address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from agentrun.pipeline.services.openai_addresses import OPENAI_ADDRESS
from agentrun.plan.plan import ServicePlan
from agentrun.providers.service_plans import OPENAI

PARTS: Mapping[str, str] = {
    "stt": "the transcription",
    "llm": "the language model",
    "tts": "the voice",
    "realtime": "the realtime model",
}


def address(plan: ServicePlan) -> str:
    """Scheme, host and port of a service; empty if only its library knows the address.

    The rest of an address, such as a user or a path, may be secret.

    >>> address(ServicePlan("tts", "openai", "tts-1", {}))
    'https://api.openai.com'
    >>> address(ServicePlan("tts", "openai", "tts-1", {}, base_url="http://me:secret@10.0.0.7:8000/v1"))
    'http://10.0.0.7:8000'
    """
    url = urlsplit(plan.base_url or (OPENAI_ADDRESS if plan.provider == OPENAI else ""))
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}" if url.netloc else ""


def label(name: str, where: str) -> str:
    """A service, with its address if that is known.

    >>> label("openai/tts-1", "https://api.openai.com"), label("deepgram/nova-3", "")
    ('openai/tts-1 at https://api.openai.com', 'deepgram/nova-3')
    """
    return f"{name} at {where}" if where else name


def described(part: str, name: str, where: str) -> str:
    """A part of the pipeline, with its service and address.

    >>> described("tts", "deepgram/aura-2", "")
    'the voice (deepgram/aura-2)'
    """
    return f"{PARTS[part]} ({label(name, where)})"
