"""Recognizes what models do by their names, to report one used at the wrong stage."""

from __future__ import annotations

import re

from agentrun.providers.openai_models import MODELS, kind_of
from agentrun.providers.service import Kind

DEPLOYMENTS = ("azure",)
"""Providers whose models are called as whoever deployed them pleased."""
_STAGES: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (r"nova-[23](-|$)", ("stt",)),
    (r"aura-", ("tts",)),
    (r"eleven_", ("tts",)),
    (r"scribe_v", ("stt",)),
    (r"sonic(-|$)", ("tts",)),
    (r"ink-", ("stt",)),
    (r"universal-|solaria-", ("stt",)),
    (r"(distil-)?whisper-", ("stt",)),
    (r"(arcana|mist)(v?\d)?$|inworld-tts|playai-tts|orpheus", ("tts",)),
    (r"gemini-.*-transcribe", ("stt",)),
    (r"gemini-.*-tts", ("tts",)),
    (r"gemini-.*(-live|native-audio)", ("realtime",)),
    # some that are not called live can be talked with
    (r"gemini-", ("llm", "realtime")),
    (r"chirp", ("stt", "tts")),
    (r"voxtral-.*-tts", ("tts",)),
    (r"voxtral-.*-transcribe", ("stt",)),
    (r"mistral-(large|medium|small)|(mini|magi|code|dev)stral-|open-mi[sx]tral", ("llm",)),
    (r"claude-|deepseek-|sonar(-|$)|(meta-)?llama-?\d|gpt-oss|gemma-?\d|kimi-", ("llm",)),
    (r"grok-(voice-transcribe|stt)", ("stt",)),
    (r"grok-voice", ("realtime",)),
    (r"grok-\d", ("llm",)),
    (r"bulbul", ("tts",)),
    (r"saar(as|ika)", ("stt",)),
    (r"sarvam-(\d|m$)", ("llm",)),
    (r"((us|eu|apac|global)\.)?amazon\.nova-.*sonic", ("realtime",)),
    (r"((us|eu|apac|global)\.)?amazon\.nova-(lite|micro|pro|premier)", ("llm",)),
    (r"stt-(rt|async)-", ("stt",)),
    (r"tts-rt-", ("tts",)),
)


def stages(provider: str, model: str) -> tuple[Kind, ...]:
    """The stages that ``model`` of ``provider`` is for; none where its name does not say so.

    >>> stages("deepgram", "nova-3-medical"), stages("groq", "openai/gpt-oss-120b")
    (('stt',), ('llm',))
    >>> stages("azure", "tts-prod")
    ()
    """
    if provider in DEPLOYMENTS:
        return tuple(kind for kind, names in MODELS.items() if model in names)
    name = model.rpartition("/")[2].lower()
    if name.startswith("ft:"):
        name = name.split(":")[1]
    for pattern, kinds in _STAGES:
        if re.match(pattern, name):
            return kinds
    does = kind_of(name)
    return (does,) if does else ()
