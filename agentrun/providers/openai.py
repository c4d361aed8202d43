"""What OpenAI's models can't do, so that `check` reports it before a call fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentrun.providers import openai_models
from agentrun.providers.service import Kind
from agentrun.providers.settings import Finding
from agentrun.spec.models.pipeline import USUAL_MODELS

STREAMING_ONLY = "gpt-realtime-whisper"
"""Its sessions take no prompt, and it is not served over HTTP."""
_CHAT_ONLY = ("frequency_penalty", "presence_penalty", "seed")
_FIXED_SAMPLING = re.compile(r"(?:gpt-5(?:-mini|-nano|-pro|-codex)?|o\d(?:-[a-z-]+)?)(?:-\d{4}-\d{2}-\d{2})?")
"""Models that answer a request with other values with an error, so that every call would fail.

https://platform.openai.com/docs/guides/latest-model, parameter compatibility; those since GPT-5.1 take them
where they don't think first.
"""
_USUAL_SAMPLING = {"temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
_SEMANTIC_ONLY = ("eagerness",)
_SERVER_ONLY = ("threshold", "prefix_padding", "silence")
_GPT_4O = "write model: openai/gpt-4o-transcribe, or leave it out"


def check(kind: Kind, model: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    """Every setting in ``given`` that ``model`` can't honour, and a model that is for another stage."""
    findings = list(_CHECKS[kind](model, given))
    yield from findings
    if not any(where == ("model",) for where, _, _ in findings):
        yield from _stage(kind, model)


def _stage(kind: Kind, model: str) -> Iterator[Finding]:
    """A model of OpenAI's that does something else; another server's names say nothing."""
    does = openai_models.kind_of(model)
    if does and does != kind:
        article = openai_models.WHAT[does]
        hint = f"put it at pipeline.{does}; here write for example {USUAL_MODELS[kind]}"
        yield ("model",), f"{model} is {article}, and not {openai_models.WHAT[kind]}", hint


def _stt(model: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    streaming = given.get("streaming") is True
    if model == STREAMING_ONLY and not streaming:
        yield ("model",), f"{model} is not served over HTTP", "add streaming: true"
    if "prompt" in given and (model == STREAMING_ONLY or "diarize" in model):
        yield ("prompt",), f"{model} takes no prompt", _GPT_4O
    if "keywords" in given and (model != "gpt-transcribe" or streaming):
        how = " with streaming" if streaming else ""
        hint = "write model: openai/gpt-transcribe without streaming, or use prompt"
        yield ("keywords",), f"{model}{how} takes no keywords", hint
    if "temperature" in given and streaming:
        yield ("temperature",), "streaming takes no temperature", "leave it out"
    if "noise_reduction" in given and not streaming:
        yield ("noise_reduction",), "noise reduction works with streaming only", "add streaming: true"


def _llm(model: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    api = given.get("api", "chat")
    if "-realtime" in model:
        hint = "put it at pipeline.realtime, and write style: realtime"
        yield ("model",), f"{model} is a speech-to-speech model", hint
    if "-audio" in model and api != "chat":
        yield ("api",), f"{model} hears audio over chat completions only", "write api: chat, or leave it out"
    if "base_url" not in given and _FIXED_SAMPLING.fullmatch(model):
        for key, usual in _USUAL_SAMPLING.items():
            if given.get(key, usual) != usual:
                yield (key,), f"{model} takes no {key} but {usual}", "leave it out, or write another model"
    for key in _CHAT_ONLY:
        if key in given and api != "chat":
            yield (key,), f"the Responses API has no {key}", "write api: chat, or leave it out"


def _tts(model: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    if "instructions" in given and model in ("tts-1", "tts-1-hd"):
        yield (
            ("instructions",),
            f"{model} takes no instructions",
            "write model: openai/gpt-4o-mini-tts, or leave it out",
        )


def _realtime(model: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    if "realtime" not in model and "base_url" not in given:
        hint = "write for example openai/gpt-realtime-2.1"
        yield ("model",), f"{model} is not a speech-to-speech model", hint
    words = given.get("transcription")
    if (
        isinstance(words, Mapping)
        and "prompt" in words
        and words.get("model", STREAMING_ONLY) == STREAMING_ONLY
    ):
        yield ("transcription", "prompt"), f"{STREAMING_ONLY} takes no prompt", f"{_GPT_4O}: add model"
    turns = given.get("turn_detection")
    if isinstance(turns, Mapping):
        yield from _turn_detection(turns)


def _turn_detection(given: Mapping[str, Any]) -> Iterator[Finding]:
    kind = given.get("type")
    if kind is None:
        yield ("turn_detection",), "'type' is missing", "write type: semantic, or type: server"
    for key in _SEMANTIC_ONLY if kind == "server" else _SERVER_ONLY if kind == "semantic" else ():
        if key in given:
            other = "semantic" if kind == "server" else "server"
            yield ("turn_detection", key), f"'{key}' is for type: {other}", "leave it out"


_CHECKS: dict[Kind, Callable[[str, Mapping[str, Any]], Iterator[Finding]]] = {
    "stt": _stt,
    "llm": _llm,
    "tts": _tts,
    "realtime": _realtime,
}
