"""Services as Python code that builds them with Pipecat alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.deploy.bot.python_code import Expression, from_environment, literal
from agentrun.providers import variables
from agentrun.providers.service import Service, Setting
from agentrun.providers.service_plans import ADDRESS, OPENAI, ServicePlan
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.values.durations import seconds

_OURS = {
    "stt": ("streaming", "noise_reduction"),
    "llm": ("api", "service_tier"),
    "tts": ("buffer",),
    "realtime": ("audio_pieces",),
}  # fmt: skip
"""Settings of OpenAI's services that are agentrun's own, or make another class of them."""
_NOISE = {"near": "near_field", "far": "far_field"}
_NUMBERS = {"number": "float", "integer": "int"}
Written = Mapping[str, Any]
"""The settings of a service as they stand in the spec, with their variables."""


def modules(plan: ServicePlan) -> dict[str, str]:
    """The modules that ``code`` takes names from, by name."""
    module, name = _class(plan.service)
    return {
        name: module,
        "Language": "pipecat.transcriptions.language",
        "events": "pipecat.services.openai.realtime",
    }


def code(plan: ServicePlan, written: Written) -> Expression:
    """What builds the service; the language model is told ``system``."""
    if plan.kind == "realtime":
        return _realtime(plan, written)
    _, name = _class(plan.service)
    settings = Expression(f"{name}.Settings", tuple(_settings(plan, written)))
    return Expression(name, (*_arguments(plan, written), ("settings", settings)))


def left_out(plan: ServicePlan, written: Written) -> Iterator[Where]:
    """Where the spec says what of ``plan`` the expression doesn't have."""
    part = ("pipeline", plan.kind)
    if plan.provider == OPENAI:
        yield from ((*part, key) for key in _OURS.get(plan.kind, ()) if key in written)
        if plan.kind == "realtime" and written.get("audio", "pcm") != "pcm":
            yield (*part, "audio")
    if plan.fallback:
        yield (*part, "fallback")


def unwritable(plan: ServicePlan, written: Written) -> Iterator[str]:
    """The settings whose variables can't be read in a bot, for they are more than a text or a number."""
    for key, value in written.items():
        setting = _setting(plan, key)
        is_word = isinstance(value, str) and (setting is None or setting.type in ("string", *_NUMBERS))
        if variables.names(value) and not is_word:
            yield key


def is_plain(plan: ServicePlan) -> bool:
    """Whether the service can be written down: a class with values, and for realtime OpenAI's."""
    service = plan.service
    if service is None or isinstance(service.cls, type) or service.nested or service.session:
        return False
    return plan.kind != "realtime" or plan.provider == OPENAI


def finds_turns_here(written: Written) -> bool:
    """Whether this machine finds the turns for a speech-to-speech model."""
    return bool(written.get("turn_detection") == "local")


def _class(service: Service | None) -> tuple[str, str]:
    assert service is not None and isinstance(service.cls, str)  # noqa: S101, PT018 - is_plain says so
    module, _, name = service.cls.partition(":")
    return module, name


def _setting(plan: ServicePlan, key: str) -> Setting | None:
    return plan.service.settings.get(key) if plan.service else None


def _arguments(plan: ServicePlan, written: Written) -> Iterator[tuple[str, str]]:
    assert plan.service is not None  # noqa: S101
    for variable in plan.service.variables:
        if variable.argument not in written:
            reads = f'os.environ["{variable.name}"]' if variable.required else f'os.getenv("{variable.name}")'
            # the registry's variable holds a path by Google's custom
            yield ("credentials_path" if variable.argument == "credentials" else variable.argument), reads
    if plan.provider == OPENAI:
        if "base_url" not in written:
            yield "base_url", f'os.getenv("{ADDRESS}")'
        if plan.kind == "tts":
            # without a rate of its own, sound at 24 kHz is played at that of the telephone
            yield "sample_rate", "24_000"
    for key, value in written.items():
        if _is_argument(plan, key):
            yield key, _value(plan, key, value)


def _is_argument(plan: ServicePlan, key: str) -> bool:
    setting = _setting(plan, key)
    return key in ("api_key", "base_url") or bool(setting and setting.argument)


def _settings(plan: ServicePlan, written: Written) -> Iterator[tuple[str, str]]:
    assert plan.service is not None  # noqa: S101
    if plan.model:
        yield "model", literal(plan.model)
        # such a service has no models: what is named is its voice
        is_voice = plan.kind == "tts" and not plan.service.model and "voice" in plan.service.settings
        if is_voice and "voice" not in written:
            yield "voice", literal(plan.model)
    if plan.kind == "llm":
        yield "system_instruction", "system"
    ours = _OURS.get(plan.kind, ()) if plan.provider == OPENAI else ()
    for key, value in written.items():
        if key not in ours and not _is_argument(plan, key):
            yield key, _value(plan, key, value)


def _value(plan: ServicePlan, key: str, value: Any) -> str:
    if variables.has_variable(value):
        reads, setting = from_environment(value), _setting(plan, key)
        number = _NUMBERS.get(setting.type) if setting else None
        text = f"{number}({reads})" if number else reads
    else:
        text = literal(value)
    is_language = key == "language" and isinstance(value, str) and plan.kind in ("stt", "tts")
    return f"Language({text})" if is_language else text


def _realtime(plan: ServicePlan, written: Written) -> Expression:
    _, name = _class(plan.service)
    heard = Expression("events.AudioInput", tuple(_hearing(written)))
    said = tuple((key, _value(plan, key, written[key])) for key in ("voice", "speed") if key in written)
    audio = Expression(
        "events.AudioConfiguration",
        (("input", heard), *([("output", Expression("events.AudioOutput", said))] if said else [])),
    )
    session = Expression("events.SessionProperties", (("audio", audio),))
    settings = (
        ("model", literal(plan.model)),
        ("system_instruction", "system"),
        ("session_properties", session),
    )
    key = _value(plan, "api_key", written.get("api_key", "${OPENAI_API_KEY}"))
    reads = f'os.getenv("{ADDRESS}")'
    address = _value(plan, "base_url", written["base_url"]) if "base_url" in written else reads
    return Expression(
        name,
        (
            ("api_key", key),
            ("", f"**realtime_address({address})"),
            ("settings", Expression(f"{name}.Settings", settings)),
        ),
    )


def _hearing(written: Written) -> Iterator[tuple[str, Expression | str]]:
    words = written.get("transcription", {})
    if isinstance(words, Mapping):
        given = tuple((key, literal(value)) for key, value in words.items())
        yield "transcription", Expression("events.InputAudioTranscription", given)
    if noise := _NOISE.get(str(written.get("noise_reduction", ""))):
        yield "noise_reduction", Expression("events.InputAudioNoiseReduction", (("type", literal(noise)),))
    turns = written.get("turn_detection") or "semantic"
    found = turns if isinstance(turns, Mapping) else {"type": turns}
    if found["type"] == "local":
        yield "turn_detection", "False"
    elif found["type"] == "server":
        yield "turn_detection", Expression("events.TurnDetection", tuple(_by_silence(found)))
    else:
        eager = tuple((key, literal(found[key])) for key in ("eagerness",) if key in found)
        yield "turn_detection", Expression("events.SemanticTurnDetection", eager)


def _by_silence(given: Written) -> Iterator[tuple[str, str]]:
    if "threshold" in given:
        yield "threshold", literal(given["threshold"])
    for key, name in (("prefix_padding", "prefix_padding_ms"), ("silence", "silence_duration_ms")):
        if key in given:
            yield name, literal(round(seconds(given[key]) * 1000))
