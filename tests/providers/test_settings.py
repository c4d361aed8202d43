"""Settings against the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun.cli.checking import CheckOptions, examine_all
from agentrun.providers import catalogue, openai, settings
from agentrun.providers.service import Kind


def findings(kind: Kind, given: dict[str, Any]) -> list[tuple[str, str, str]]:
    service = catalogue.find(kind, "openai")
    assert service is not None
    return [(".".join(path), message, hint) for path, message, hint in settings.check(service, given)]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("stt", {"prompt": "College basketball.", "language": "en", "temperature": 0}),
        ("stt", {"keywords": ["Duke", "Gonzaga"], "streaming": False}),
        ("llm", {"temperature": 0.5, "max_completion_tokens": 200, "seed": -1, "api": "responses"}),
        ("tts", {"voice": "ballad", "speed": 4, "instructions": "Talk quickly."}),
        (
            "realtime",
            {"transcription": False, "noise_reduction": "off", "turn_detection": "local", "speed": 1},
        ),
        ("realtime", {"turn_detection": {"type": "server", "silence": "500ms", "prefix_padding": "0.3s"}}),
        ("realtime", {"transcription": {"model": "gpt-4o-transcribe", "language": "de", "prompt": "Duke"}}),
    ],
)
def test_good_settings_are_accepted(kind: Kind, given: dict[str, Any]) -> None:
    assert findings(kind, given) == []


@pytest.mark.parametrize(
    ("kind", "given", "where", "message", "hint"),
    [
        (
            "llm",
            {"temprature": 1},
            "temprature",
            "openai llm has no setting 'temprature'",
            "did you mean 'temperature'?",
        ),
        ("llm", {"temperature": "1"}, "temperature", "'1' is not a number", "remove the quotes: 1"),
        ("llm", {"temperature": 2.5}, "temperature", "2.5 is out of range", "write a number from 0 to 2"),
        ("llm", {"temperature": True}, "temperature", "true is not a number", "write a number"),
        (
            "llm",
            {"max_completion_tokens": 0},
            "max_completion_tokens",
            "0 is out of range",
            "write a number from 1",
        ),
        (
            "llm",
            {"max_completion_tokens": 1.5},
            "max_completion_tokens",
            "'1.5' is not a whole number",
            "write a whole number",
        ),
        (
            "tts",
            {"voice": "balad"},
            "voice",
            f"'balad' is not one of {', '.join(catalogue.OPENAI_VOICES)}",
            "did you mean 'ballad'?",
        ),
        ("tts", {"voice": None}, "voice", "has no value", "write text, or remove the key"),
        ("stt", {"streaming": "yes"}, "streaming", "'yes' is not true or false", "write true"),
        ("stt", {"keywords": "Duke"}, "keywords", "'Duke' is not a list", "write [Duke]"),
        (
            "stt",
            {"keywords": ["Duke", 5]},
            "keywords",
            "the list holds '5', which is not text",
            'put it in quotes: "…"',
        ),
        (
            "stt",
            {"language": "English"},
            "language",
            "'English' is not known here",
            "write one of its values (Language of the caller, as ISO 639-1, such as `en`)",
        ),
        (
            "realtime",
            {"turn_detection": "semntic"},
            "turn_detection",
            "'semntic' is not one of semantic, server, local",
            "did you mean 'semantic'?",
        ),
        (
            "realtime",
            {"turn_detection": {"type": "server", "silence": 500}},
            "turn_detection.silence",
            "500 has no unit",
            "write 500s or 500ms",
        ),
        (
            "realtime",
            {"turn_detection": {"kind": "server"}},
            "turn_detection.kind",
            "openai realtime turn_detection has no setting 'kind'",
            "write one of: type, eagerness, threshold, prefix_padding, silence",
        ),
        (
            "realtime",
            {"transcription": True},
            "transcription",
            "true is not a mapping",
            "write its keys below it, or remove it",
        ),
    ],
)
def test_a_bad_setting_is_told_with_its_mend(
    kind: Kind, given: dict[str, Any], where: str, message: str, hint: str
) -> None:
    assert findings(kind, given) == [(where, message, hint)]


@pytest.mark.parametrize(
    ("kind", "model", "given", "where"),
    [
        ("stt", "gpt-realtime-whisper", {}, "model"),
        ("stt", "gpt-realtime-whisper", {"streaming": True, "prompt": "x"}, "prompt"),
        ("stt", "gpt-4o-transcribe-diarize", {"prompt": "x"}, "prompt"),
        ("stt", "gpt-4o-transcribe", {"keywords": ["x"]}, "keywords"),
        ("stt", "gpt-transcribe", {"keywords": ["x"], "streaming": True}, "keywords"),
        ("stt", "gpt-4o-transcribe", {"temperature": 0.5, "streaming": True}, "temperature"),
        ("stt", "gpt-4o-transcribe", {"noise_reduction": "near"}, "noise_reduction"),
        ("llm", "gpt-realtime-2.1", {}, "model"),
        ("llm", "gpt-4o-audio-preview", {"api": "responses"}, "api"),
        ("llm", "gpt-4o", {"api": "responses-http", "seed": 1}, "seed"),
        ("tts", "tts-1", {"instructions": "x"}, "instructions"),
        ("realtime", "gpt-4o", {}, "model"),
        ("realtime", "gpt-realtime-2.1", {"transcription": {"prompt": "x"}}, "transcription.prompt"),
        ("realtime", "gpt-realtime-2.1", {"turn_detection": {"eagerness": "low"}}, "turn_detection"),
        (
            "realtime",
            "gpt-realtime-2.1",
            {"turn_detection": {"type": "server", "eagerness": "low"}},
            "turn_detection.eagerness",
        ),
        (
            "realtime",
            "gpt-realtime-2.1",
            {"turn_detection": {"type": "semantic", "threshold": 0.5}},
            "turn_detection.threshold",
        ),
    ],
)
def test_what_a_model_can_not_do_is_found(kind: Kind, model: str, given: dict[str, Any], where: str) -> None:
    assert [".".join(path) for path, _, _ in openai.check(kind, model, given)] == [where]


@pytest.mark.parametrize(
    ("kind", "model", "given"),
    [
        ("stt", "gpt-transcribe", {"keywords": ["x"], "prompt": "x"}),
        ("stt", "gpt-realtime-whisper", {"streaming": True, "noise_reduction": "far"}),
        ("llm", "gpt-4o-audio-preview", {"api": "chat", "seed": 1}),
        ("realtime", "my-own-model", {"base_url": "http://localhost:8000/v1"}),
        ("realtime", "gpt-realtime-2.1", {"transcription": {"model": "whisper-1", "prompt": "x"}}),
        ("realtime", "gpt-realtime-2.1", {"transcription": False, "turn_detection": "local"}),
    ],
)
def test_what_a_model_can_do_is_left_alone(kind: Kind, model: str, given: dict[str, Any]) -> None:
    assert list(openai.check(kind, model, given)) == []


WITHOUT_A_LIMIT = {
    "{model: openai/gpt-4o, max_tokens: -1, temperature: 3, base_url: 'http://127.0.0.1:8000/v1'}": "",
    "{model: openai/gpt-4o, max_tokens: '${MOST}', base_url: 'http://127.0.0.1:8000/v1'}": "",
    "{model: openai/gpt-4o, max_completion_tokens: -1}": "http://127.0.0.1:8000/v1",
    "{model: groq/x, max_tokens: -1, base_url: 'http://127.0.0.1:8000/v1'}": "",
    "{model: ollama/llama3.2, max_tokens: -1}": "",
}


@pytest.mark.parametrize("llm", WITHOUT_A_LIMIT, ids=[str(number) for number in range(len(WITHOUT_A_LIMIT))])
def test_a_server_of_ones_own_may_take_more(tmp_path: Path, llm: str) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(f"transport: local\nprompts: Hi.\npipeline: {{style: cascaded, llm: {llm}}}\n")
    environ = {"OPENAI_API_KEY": "k", "MOST": "-1", "OPENAI_BASE_URL": WITHOUT_A_LIMIT[llm]}
    found = examine_all([path], CheckOptions(environ)).all()
    assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_a_setting_that_fits_nowhere_is_told_of_a_server_of_ones_own_too() -> None:
    service = catalogue.find("llm", "openai")
    assert service is not None
    assert [where for where, *_ in settings.check(service, {"top_p": "x", "seed": 0.5}, True)] == [
        ("top_p",),
        ("seed",),
    ]
