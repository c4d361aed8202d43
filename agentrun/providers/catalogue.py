"""The catalogue of speech and language services that a spec can name, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from agentrun.providers.openai_settings import OPENAI, OPENAI_VOICES
from agentrun.providers.service import KINDS, Kind, Nested, Service, Setting, Variable

__all__ = [
    "FILE", "KINDS", "OPENAI_VOICES", "Kind", "Service", "Setting", "find", "pinned", "providers", "services",
]  # fmt: skip

FILE = Path(__file__).parent / "catalogue.json"
"""Written by ``python -m agentrun.pipeline.catalogue`` from the installed Pipecat."""
_ALSO: Mapping[tuple[Kind, str], str] = {
    ("stt", "aws"): "aws-transcribe",
    ("llm", "aws"): "aws-bedrock",
    ("tts", "aws"): "aws-polly",
    ("llm", "google"): "google-gemini",
    ("realtime", "google"): "gemini-live",
}
"""Shorter names for what Pipecat's registry calls by two words."""
BOUNDS: Mapping[str, tuple[float, float | None]] = {
    "max_tokens": (1, None),
    "max_completion_tokens": (1, None),
    "temperature": (0, 2),
    "top_p": (0, 1),
}
"""What no provider takes more or less of, though a server of somebody's own may; Pipecat says it of none."""
_OWN_SERVER = "ollama"
"""The provider that is a server of somebody's own wherever it is asked."""
_DEFAULTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    (provider, "context_window_compression"): {"enabled": True}
    for provider in ("gemini-live", "gemini-vertex-live")
}
"""Keys of settings that have another default here: without this one a session, and with it the call, ends
after 15 minutes (https://ai.google.dev/gemini-api/docs/live-session)."""


def find(kind: Kind, provider: str) -> Service | None:
    """The service of ``provider`` for ``kind``, or None; ``deepgram_flux`` is ``deepgram-flux``."""
    name = provider.replace("_", "-")
    name = _ALSO.get((kind, name), name)
    return next((s for s in services() if s.kind == kind and s.provider == name), None)


def providers(kind: Kind) -> list[str]:
    """Names of the providers that offer ``kind``, sorted."""
    return sorted(s.provider for s in services() if s.kind == kind)


@cache
def services() -> tuple[Service, ...]:
    """Every service of Pipecat's registry, in its order; OpenAI's with what agentrun adds."""
    return tuple(_with_ours(_service(entry)) for entry in _read()["services"])


def pinned() -> str:
    """The version of Pipecat that the catalogue was made from, which is the pinned one."""
    return str(_read()["pipecat"])


@cache
def _read() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return whole


def _service(entry: Mapping[str, Any]) -> Service:
    return Service(
        kind=entry["kind"],
        provider=entry["provider"],
        variables=tuple(Variable(**variable) for variable in entry["variables"]),
        settings={
            name: _bounded(entry["provider"], name, _setting(plain))
            for name, plain in entry["settings"].items()
        },
        label=entry["label"],
        cls=entry["cls"],
        model=entry["model"] or "",
        extras=tuple(entry["extras"]),
        packages=tuple(entry["packages"]),
        session=entry["session"],
        nested={key: Nested(n["path"], tuple(n["fields"])) for key, n in entry["nested"].items()},
    )


def _setting(plain: Mapping[str, Any]) -> Setting:
    values = dict(plain)
    values["fields"] = {name: _setting(inner) for name, inner in plain.get("fields", {}).items()}
    for key in ("choices", "also"):
        values[key] = tuple(plain.get(key, ()))
    values.setdefault("help", "")
    values.setdefault("items", "any")
    return Setting(**values)


def _bounded(provider: str, name: str, setting: Setting) -> Setting:
    if provider == _OWN_SERVER or name not in BOUNDS or setting.type not in ("integer", "number"):
        return setting
    least, most = BOUNDS[name]
    return replace(
        setting,
        minimum=least if setting.minimum is None else setting.minimum,
        maximum=most if setting.maximum is None else setting.maximum,
    )


def _with_ours(service: Service) -> Service:
    """Our defaults; OpenAI's settings: ours, then Pipecat's own, a realtime session in our words alone."""
    for (provider, name), keys in _DEFAULTS.items():
        if provider == service.provider and name in service.settings:
            setting = replace(service.settings[name], default=keys, ours=True)
            service = replace(service, settings={**service.settings, name: setting})
    if service.provider != "openai":
        return service
    theirs = {name: s for name, s in service.settings.items() if not s.argument}
    if service.kind == "realtime":
        theirs = {}
    return replace(service, settings={**OPENAI[service.kind], **_without(theirs, OPENAI[service.kind])})


def _without(settings: Mapping[str, Setting], known: Mapping[str, Setting]) -> dict[str, Setting]:
    return {name: setting for name, setting in settings.items() if name not in known}
