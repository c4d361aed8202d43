"""Services as Python that builds them, with Pipecat alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.providers.service import Service
from agentrun.providers.service_plans import ADDRESS, OPENAI, ServicePlan

_OURS = {"stt": ("streaming", "noise_reduction"), "llm": ("api", "service_tier"), "tts": ("buffer",)}
"""Settings of OpenAI's services that are agentrun's own, or make another class of them."""
_NOISE = {"near": "near_field", "far": "far_field"}
_TURNS = {"semantic": "SemanticTurnDetection", "server": "TurnDetection"}
_EVENTS = "from pipecat.services.openai.realtime import events"


def imports(plan: ServicePlan) -> Iterator[str]:
    """The lines that what ``code`` gives needs."""
    module, name = _class(plan.service)
    yield f"from {module} import {name}"
    if "language" in plan.settings and plan.kind in ("stt", "tts"):
        yield "from pipecat.transcriptions.language import Language"
    if plan.kind == "realtime":
        yield _EVENTS


def code(plan: ServicePlan) -> str:
    """The expression that builds the service; the language model is told ``system``."""
    if plan.kind == "realtime":
        return _realtime(plan)
    _, name = _class(plan.service)
    arguments = dict(_arguments(plan))
    settings = dict(_settings(plan))
    inner = ", ".join(f"{key}={value}" for key, value in settings.items())
    arguments["settings"] = f"{name}.Settings({inner})"
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})"


def left_out(plan: ServicePlan) -> Iterator[str]:
    """What of ``plan`` the expression doesn't have, in the spec's words."""
    if plan.provider == OPENAI:
        for key in _OURS.get(plan.kind, ()):
            if key in plan.settings:
                yield f"pipeline.{plan.kind}.{key}"
    if plan.fallback:
        yield f"pipeline.{plan.kind}.fallback"


def is_plain(plan: ServicePlan) -> bool:
    """Whether the service can be written down: a class with values, and for realtime OpenAI's."""
    service = plan.service
    if service is None or isinstance(service.cls, type) or service.nested or service.session:
        return False
    return plan.kind != "realtime" or plan.provider == OPENAI


def _class(service: Service | None) -> tuple[str, str]:
    assert service is not None and isinstance(service.cls, str)  # noqa: S101, PT018 - is_plain says so
    module, _, name = service.cls.partition(":")
    return module, name


def _arguments(plan: ServicePlan) -> Iterator[tuple[str, str]]:
    assert plan.service is not None  # noqa: S101
    for variable in plan.service.variables:
        expression = (
            f"os.environ[{variable.name!r}]" if variable.required else f"os.getenv({variable.name!r})"
        )
        yield variable.argument, expression
    if plan.provider == OPENAI:
        yield "base_url", f"os.getenv({ADDRESS!r})"
        if plan.kind == "tts":
            # without a rate of its own, sound at 24 kHz is played at that of the telephone
            yield "sample_rate", "24_000"
    for key, value in plan.settings.items():
        setting = plan.service.settings.get(key)
        if setting and setting.argument:
            yield key, _literal(key, value)


def _settings(plan: ServicePlan) -> Iterator[tuple[str, str]]:
    assert plan.service is not None  # noqa: S101
    if plan.model:
        yield "model", repr(plan.model)
    if plan.kind == "llm":
        yield "system_instruction", "system"
    ours = _OURS.get(plan.kind, ()) if plan.provider == OPENAI else ()
    for key, value in plan.settings.items():
        setting = plan.service.settings.get(key)
        if key not in ours and not (setting and setting.argument):
            yield key, _literal(key, value)


def _literal(key: str, value: Any) -> str:
    return f"Language({value!r})" if key == "language" and isinstance(value, str) else repr(value)


def _realtime(plan: ServicePlan) -> str:
    module, name = _class(plan.service)
    del module
    settings = plan.settings
    audio_in = ", ".join(_hearing(settings))
    voice = ", ".join(f"{key}={settings[key]!r}" for key in ("voice", "speed") if key in settings)
    audio = (
        f"events.AudioConfiguration(input=events.AudioInput({audio_in}), output=events.AudioOutput({voice}))"
    )
    inner = (
        f"model={plan.model!r}, system_instruction=system, "
        f"session_properties=events.SessionProperties(audio={audio})"
    )
    return (
        f'{name}(api_key=os.environ["OPENAI_API_KEY"], '
        f"**realtime_address(), settings={name}.Settings({inner}))"
    )


def _hearing(settings: Mapping[str, Any]) -> Iterator[str]:
    transcription = settings.get("transcription", {})
    if isinstance(transcription, Mapping):
        arguments = ", ".join(f"{key}={value!r}" for key, value in transcription.items())
        yield f"transcription=events.InputAudioTranscription({arguments})"
    if noise := _NOISE.get(str(settings.get("noise_reduction", ""))):
        yield f"noise_reduction=events.InputAudioNoiseReduction(type={noise!r})"
    turns = settings.get("turn_detection")
    kind = turns.get("type", "semantic") if isinstance(turns, Mapping) else turns or "semantic"
    if name := _TURNS.get(str(kind)):
        eager = turns.get("eagerness") if isinstance(turns, Mapping) else None
        yield f"turn_detection=events.{name}({f'eagerness={eager!r}' if eager else ''})"
