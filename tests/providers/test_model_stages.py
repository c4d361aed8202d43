"""Models at a stage that they are not for are told, whoever made them; names that say nothing are let be."""

from __future__ import annotations

import pytest

from agentrun.providers import catalogue, model_makers
from agentrun.providers.model_stages import stages
from agentrun.providers.service import Kind

KINDS: tuple[Kind, ...] = ("stt", "llm", "tts", "realtime")


def doubt(kind: Kind, model: str) -> str:
    """What `check` says of ``provider/model`` at a stage."""
    provider, _, name = model.partition("/")
    found = model_makers.doubt(kind, provider, name, "", catalogue.providers(kind))
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("kind", "models"),
    [
        ("stt", "deepgram/aura-2-thalia-en elevenlabs/eleven_flash_v2_5 cartesia/sonic-3"),
        ("stt", "xai/grok-4"),
        ("stt", "groq/llama-3.3-70b-versatile mistral/mistral-small-latest sarvam/bulbul:v3"),
        ("stt", "gemini/gemini-3.6-flash"),
        ("tts", "deepgram/nova-3 elevenlabs/scribe_v2 cartesia/ink-whisper groq/whisper-large-v3"),
        ("tts", "sarvam/saaras:v4"),
        ("tts", "mistral/mistral-large-latest soniox/stt-rt-v5 gemini/gemini-3.6-flash"),
        ("tts", "groq/openai/gpt-oss-120b"),
        ("llm", "google-gemini/gemini-3.8-live google-gemini/chirp-3 xai/grok-voice-latest"),
        ("llm", "openrouter/openai/whisper-1"),
        ("llm", "mistral/voxtral-mini-tts-2603 aws-bedrock/amazon.nova-2-5-sonic"),
        ("llm", "azure/gpt-realtime sarvam/bulbul:v3"),
        ("realtime", "xai/grok-4 azure/gpt-4.1 aws-nova/us.amazon.nova-lite-v1:0"),
    ],
)  # fmt: skip
def test_a_model_of_another_stage_is_told(kind: Kind, models: str) -> None:
    silent = [model for model in models.split() if ", and not " not in doubt(kind, model)]
    assert silent == []


@pytest.mark.parametrize(
    ("kind", "models"),
    [
        ("llm", "openai/ft:gpt-4o-mini-2024-07-18:acme::abc openai/gpt-4.1-2025-04-14"),
        ("llm", "openai/chatgpt-4o-latest"),
        ("llm", "azure/my-deployment azure/tts-prod azure/whisper-team azure/gpt4o-realtime-like"),
        ("llm", "openrouter/anthropic/claude-sonnet-4.5"),
        ("llm", "openrouter/meta-llama/llama-3.3-70b-instruct:free"),
        ("llm", "openrouter/google/gemini-2.5-flash perplexity/openai/gpt-5"),
        ("llm", "together/openai/gpt-oss-20b"),
        ("llm", "anthropic/claude-3-5-sonnet-20241022 mistral/ft:open-mistral-7b:x"),
        ("llm", "ollama/gpt-oss:20b"),
        ("stt", "openai/gpt-4o-transcribe-2025-03-20 deepgram/nova-3-medical deepgram/base"),
        ("stt", "groq/distil-whisper-large-v3-en"),
        ("tts", "openai/gpt-4o-mini-tts-2025-12-15 deepgram/aura-asteria-en groq/playai-tts"),
        ("tts", "rime/mistv2"),
        ("realtime", "openai/gpt-realtime-2025-08-28 azure/team-voice"),
        ("realtime", "gemini-live/models/gemini-2.0-flash-exp"),
    ],
)  # fmt: skip
def test_dates_fine_tuning_deployments_and_routes_are_let_be(kind: Kind, models: str) -> None:
    assert {model: said for model in models.split() if (said := doubt(kind, model))} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_no_usual_model_of_a_provider_is_doubted(kind: Kind) -> None:
    for provider in catalogue.providers(kind):
        service = catalogue.find(kind, provider)
        if service and service.model:
            assert doubt(kind, f"{provider}/{service.model}") == "", provider


def test_what_a_name_says_does_not_hang_on_capitals_or_whose_it_is() -> None:
    assert stages("sambanova", "Meta-Llama-3.3-70B-Instruct") == ("llm",)
    assert stages("openrouter", "openai/gpt-4o-mini-tts") == ("tts",)
    assert stages("fireworks", "accounts/acme/models/ours") == ()
