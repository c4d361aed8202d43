"""OpenAI's models by what they do, as of November 2026: the stages of a cascade, and realtime.

The names are those of the types of OpenAI's Python library 3.54, which a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentrun.providers.service import Kind

_DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4})$")
_FINE_TUNED = "ft:"
_LLM = """
    chatgpt-4o-latest codex-mini-latest gpt-3.5-turbo gpt-3.5-turbo-16k gpt-4 gpt-4-0125-preview
    gpt-4-1106-preview gpt-4-32k gpt-4-turbo gpt-4-turbo-preview gpt-4-vision-preview gpt-4.1
    gpt-4.1-mini gpt-4.1-nano gpt-4o gpt-4o-audio-preview gpt-4o-mini gpt-4o-mini-audio-preview
    gpt-4o-mini-search-preview gpt-4o-search-preview gpt-5 gpt-5-chat-latest gpt-5-codex gpt-5-mini
    gpt-5-nano gpt-5-pro gpt-5.1 gpt-5.1-chat-latest gpt-5.1-codex gpt-5.1-codex-max gpt-5.1-mini
    gpt-5.2 gpt-5.2-chat-latest gpt-5.2-pro gpt-5.3-chat-latest gpt-5.4 gpt-5.4-mini gpt-5.4-nano
    gpt-5.5 gpt-5.5-pro gpt-5.6-cyber gpt-5.6-luna gpt-5.6-sol gpt-5.6-terra gpt-6-astra gpt-6-cyber
    gpt-6-luna gpt-6-rosalind gpt-6-sol gpt-6.1-sol gpt-6.1-terra gpt-6.2-astra gpt-6.2-astra-law
    gpt-6.2-sol gpt-audio gpt-audio-1.5 gpt-audio-mini gpt-daybreak-blue-latest
    gpt-daybreak-red-latest gpt-rosalind-research o1 o1-mini o1-preview o1-pro o3 o3-deep-research
    o3-mini o3-pro o4-mini o4-mini-deep-research
"""
_STT = """
    whisper-1 gpt-transcribe gpt-4o-transcribe gpt-4o-mini-transcribe gpt-4o-transcribe-diarize
    gpt-realtime-whisper
"""
_TTS = "tts-1 tts-1-hd gpt-4o-mini-tts"
_REALTIME = """
    gpt-4o-mini-realtime-preview gpt-4o-realtime-preview gpt-realtime gpt-realtime-1.5
    gpt-realtime-2 gpt-realtime-2.1 gpt-realtime-2.1-mini gpt-realtime-mini
"""
MODELS: Mapping[Kind, frozenset[str]] = {
    "stt": frozenset(_STT.split()),
    "llm": frozenset(_LLM.split()),
    "tts": frozenset(_TTS.split()),
    "realtime": frozenset(_REALTIME.split()),
}
WHAT: Mapping[Kind, str] = {
    "stt": "a transcription model",
    "llm": "a language model",
    "tts": "a voice model",
    "realtime": "a speech-to-speech model",
}


def undated(model: str) -> str:
    """``model`` without the date of its snapshot.

    >>> undated("gpt-4o-2024-11-20"), undated("gpt-4o")
    ('gpt-4o', 'gpt-4o')
    """
    return _DATED.sub("", model)


def kind_of(model: str) -> Kind | None:
    """What ``model`` does; None where nothing in its name says so.

    >>> kind_of("gpt-4o-mini-tts"), kind_of("gpt-4o-2024-11-20"), kind_of("gpt-99"), kind_of("kokoro")
    ('tts', 'llm', None, None)
    """
    plain = undated(model)
    for kind, names in MODELS.items():
        if plain in names:
            return kind
    if plain.startswith("tts-") or "-tts" in plain:
        return "tts"
    if plain.startswith("whisper-") or "-transcribe" in plain:
        return "stt"
    return "realtime" if "-realtime" in plain else None


def is_known(model: str) -> bool:
    """Whether OpenAI has ``model``, as far as is known here; fine-tuned ones are taken for granted."""
    plain = undated(model)
    return model.startswith(_FINE_TUNED) or any(plain in names for names in MODELS.values())
