"""The catalogue says of OpenAI's services what the installed Pipecat's classes say."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from openai.types.realtime.realtime_audio_config_output_param import Voice
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime import events
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.services.openai.tts import VALID_VOICES, OpenAITTSService
from pipecat.services.whisper.base_stt import language_to_whisper_language
from pipecat.transcriptions.language import Language

from agentrun.providers import catalogue
from agentrun.providers.languages import WHISPER_LANGUAGES
from agentrun.providers.openai_settings import OPENAI
from agentrun.providers.service import Kind, Setting

OURS = {"base_url", "api_key", "streaming", "noise_reduction", "api", "service_tier", "buffer"}
"""Settings that are not fields of Pipecat's settings: they choose the service or go to its constructor."""


def setting(kind: Kind, *path: str) -> Setting:
    service = catalogue.find(kind, "openai")
    assert service is not None
    found = service.settings[path[0]]
    for key in path[1:]:
        found = found.fields[key]
    return found


def choices(annotation: object) -> set[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return set(typing.get_args(annotation))
    return {c for part in typing.get_args(annotation) for c in choices(part)}


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("stt", (OpenAISTTService, OpenAIRealtimeSTTService)),
        ("llm", (OpenAILLMService,)),
        ("tts", (OpenAITTSService,)),
    ],
)
def test_every_setting_of_the_cascade_is_one_of_pipecats(kind: Kind, classes: tuple[type, ...]) -> None:
    service = catalogue.find(kind, "openai")
    assert service is not None
    ours = set(OPENAI[kind])
    theirs = {field.name for cls in classes for field in dataclasses.fields(cls.Settings)}  # type: ignore[attr-defined]
    assert ours - OURS <= theirs
    assert set(service.settings) - ours <= theirs


def test_voices_are_those_that_pipecat_accepts() -> None:
    assert set(setting("tts", "voice").choices) == set(VALID_VOICES)


def test_voices_of_realtime_models_are_those_of_openais_types() -> None:
    named = [
        set(typing.get_args(each))
        for each in typing.get_args(Voice)
        if typing.get_origin(each) is typing.Literal
    ]
    assert [set(setting("realtime", "voice").choices)] == named


def test_languages_are_those_that_pipecat_hands_to_openai_unchanged() -> None:
    heard = [language_to_whisper_language(Language(code)) for code in WHISPER_LANGUAGES]
    assert heard == list(WHISPER_LANGUAGES)


def test_realtime_words_are_those_of_pipecats_events() -> None:
    eagerness = events.SemanticTurnDetection.model_fields["eagerness"].annotation
    assert set(setting("realtime", "turn_detection", "eagerness").choices) == choices(eagerness)
    noise = events.InputAudioNoiseReduction.model_fields["type"].annotation
    ours = set(setting("realtime", "noise_reduction").choices) - {"off"}
    assert {f"{word}_field" for word in ours} == choices(noise)
    words = set(events.InputAudioTranscription.model_fields)
    assert set(setting("realtime", "transcription").fields) == words
    assert {"voice", "speed"} <= set(events.AudioOutput.model_fields)


def test_an_unknown_provider_is_not_found_and_the_known_are_listed() -> None:
    assert catalogue.find("llm", "opnai") is None
    assert {"openai", "gemini-live", "ultravox"} < set(catalogue.providers("realtime"))
