"""One of OpenAI's names with a letter wrong is a mistake; a newer one, and another server's, is not."""

from __future__ import annotations

import pytest

from agentrun.providers.openai_settings import OPENAI_VOICES
from agentrun.simulate.openai.known_names import OPENAI_MODELS, meant, missing_model, wrong_voice


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("gpt-4o-mni", "gpt-4o-mini"),
        ("gpt4o-mini", "gpt-4o-mini"),
        ("gtp-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("gpt-4o-mni-2024-07-18", "gpt-4o-mini"),
        ("gpt-5-mnii", "gpt-5-mini"),
        ("wisper-1", "whisper-1"),
        ("gpt-4o-transcibe", "gpt-4o-transcribe"),
        ("gpt-4o-mini-tss", "gpt-4o-mini-tts"),
        ("gpt-realtme-2.1", "gpt-realtime-2.1"),
        ("text-embeding-3-small", "text-embedding-3-small"),
    ],
)
def test_a_misspelt_model_is_known_for_the_one_that_is_meant(name: str, close: str) -> None:
    assert meant(name, OPENAI_MODELS) == close
    assert f"`{close}`" in missing_model(name)


@pytest.mark.parametrize(
    "name",
    [
        *("gpt-99", "gpt-5.9-mini", "gpt-7-astra", "o9", "gpt-4o-2031-01-01", "ft:gpt-4o-mini:rosa::a1"),
        *("llama3.2", "qwen3:8b", "openai/gpt-oss-20b", "kokoro", "my-model", "other", "m", "gpt-realtime"),
        "x" * 1_000_000,
    ],
)
def test_newer_models_and_those_of_other_servers_are_taken(name: str) -> None:
    assert missing_model(name) == ""


def test_every_model_and_voice_of_openai_is_taken() -> None:
    assert [name for name in OPENAI_MODELS if missing_model(name)] == []
    assert [name for name in OPENAI_VOICES if wrong_voice(name)] == []


@pytest.mark.parametrize("voice", ["aloy", "Shimmer", "marni"])
def test_a_misspelt_voice_is_told_with_those_that_there_are(voice: str) -> None:
    assert f"'{voice}'. Supported values are: 'alloy', " in wrong_voice(voice)


@pytest.mark.parametrize("voice", [None, "", "nora", "af_heart", {"id": "voice_1234"}, "Polly"])
def test_voices_of_other_servers_are_taken(voice: object) -> None:
    assert wrong_voice(voice) == ""
