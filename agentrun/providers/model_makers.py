"""Recognizes whose model a name is, to report a model named under another provider."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agentrun.providers.model_stages import stages
from agentrun.providers.openai_models import MODELS, WHAT, is_known
from agentrun.providers.service import Kind
from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.pipeline import USUAL_MODELS

_FEW = 10
"""So many models can all be named."""


@dataclass(frozen=True)
class Maker:
    """``provider`` is the usual one of the maker's models, ``also`` others that have them alone."""

    name: str
    provider: str
    models: str
    also: tuple[str, ...] = ()

    @property
    def providers(self) -> tuple[str, ...]:
        """Every provider that serves this maker's models alone."""
        return (self.provider, *self.also)


_GOOGLE = ("google-vertex", "google-gemini", "gemini", "gemini-live", "gemini-vertex-live")
_OPENAI = r"gpt-(?!oss)|chatgpt-|codex-mini|o[134](-|$)|tts-1(-hd)?$|whisper-1$"
MAKERS = (
    Maker("OpenAI", "openai", _OPENAI, ("openai-responses", "openai-realtime")),
    Maker("Anthropic", "anthropic", r"claude-"),
    Maker("Google", "google", r"gemini-|chirp", _GOOGLE),
    Maker("Deepgram", "deepgram", r"nova-[23](-|$)|aura-|flux-", ("deepgram-flux",)),
    Maker("ElevenLabs", "elevenlabs", r"eleven_|scribe_v", ("elevenlabs-dialogue", "elevenlabs-realtime")),
    Maker("Cartesia", "cartesia", r"sonic(-|$)|ink-", ("cartesia-turns",)),
    Maker("AssemblyAI", "assemblyai", r"universal-"),
    Maker("Mistral", "mistral", r"(mi|minis|magis|codes|dev)tral-|mistral-|ministral-|voxtral-"),
    Maker("DeepSeek", "deepseek", r"deepseek-"),
    Maker("xAI", "xai", r"grok-"),
    Maker("Perplexity", "perplexity", r"sonar(-|$)"),
    Maker("Rime", "rime", r"(arcana|mist)(v?\d)?$"),
)
"""Providers that serve the models of many makers, such as Azure, Bedrock or OpenRouter, are none of these."""


def maker_of(model: str) -> Maker | None:
    """Who has made ``model``, as far as its name says.

    >>> maker_of("nova-2").name, maker_of("gpt-4o").name, maker_of("llama-3.3-70b")
    ('Deepgram', 'OpenAI', None)
    """
    return next((maker for maker in MAKERS if re.match(maker.models, model)), None)


def doubt(
    kind: Kind, provider: str, model: str, usual: str, providers: Iterable[str]
) -> tuple[str, str] | None:
    """Why ``provider`` has probably no ``model`` for the stage ``kind``, and what to write; else None.

    ``usual`` is the provider's usual model, ``providers`` are those that there are for the stage.

    >>> doubt("llm", "openai", "gpt-4.11", "", ["openai"])
    ("'gpt-4.11' is not one of OpenAI's known models", "did you mean 'gpt-4.1'?")
    """
    odd = misplaced(kind, provider, model, providers)
    if provider != "openai":
        example = f"; or here for example {provider}/{usual}" if usual else ""
        return (odd[0], f"{odd[1]}{example}") if odd else None
    if is_known(model):
        return None
    models = sorted(MODELS[kind])
    there = f"one of: {', '.join(models)}" if len(models) <= _FEW else f"for example {USUAL_MODELS[kind]}"
    if odd:
        return odd[0], f"{odd[1]}; or of OpenAI's {there}"
    message = f"'{model}' is not one of OpenAI's known models"
    return message, closest(model, models) or f"write {there}"


def misplaced(kind: Kind, provider: str, model: str, providers: Iterable[str]) -> tuple[str, str] | None:
    """What is odd about ``model`` at ``provider`` for the stage ``kind``, and where it belongs; else None.

    ``providers`` are those that there are for the stage. What is none of a maker's own providers may have
    models of everybody, and is only asked for those of another stage.

    >>> misplaced("llm", "anthropic", "gpt-4o", ["openai", "anthropic"])
    ("gpt-4o is OpenAI's model, and not Anthropic's", 'write openai/gpt-4o')
    """
    home = next((maker for maker in MAKERS if provider in maker.providers), None)
    maker = maker_of(model)
    if home and maker and maker is not home:
        there = maker.provider in providers
        hint = (
            f"write {maker.provider}/{model}"
            if there
            else f"use another model: {maker.name} has none for {kind}"
        )
        return f"{model} is {_whose(maker.name)} model, and not {_whose(home.name)}", hint
    does = () if provider == "openai" else stages(provider, model)
    if does and kind not in does:
        return f"{model} is {WHAT[does[0]]}, and not {WHAT[kind]}", f"put it at pipeline.{does[0]}"
    return None


def _whose(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"
