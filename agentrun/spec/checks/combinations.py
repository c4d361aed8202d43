"""Keys that can't be combined in a spec: a style never ignores what was written for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.spec.checks import call_control, idle, resumption, telephone_keys
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.callers_and_hours import Callers

MODELS_OWN = ("semantic", "server")
"""Ways to find a turn that only a realtime model has."""
_FOUND_HERE = ("silence", "start", "stop", "confidence", "min_volume")
Finding = tuple[Where, str, str]


def check(file: SpecFile) -> list[Problem]:
    """Every pair of values that contradict each other."""
    style = _realtime(file) if file.spec.pipeline.style == "realtime" else _cascaded(file)
    every = (
        *(*style, *_any_style(file)),
        *(*call_control.check(file), *telephone_keys.check(file)),
        *(*idle.check(file), *resumption.check(file)),
    )
    return [file.problem(where, message, hint) for where, message, hint in every]


def turn_detection(file: SpecFile) -> object:
    """Who finds the turns on realtime: the model's own setting, else ``turns.detection``, else None.

    The answer is a value of ``pipeline.realtime.turn_detection``.
    """
    own = file.spec.pipeline.realtime.settings.get("turn_detection")
    if own is not None or "detection" not in file.spec.turns.model_fields_set:
        return own
    detection = file.spec.turns.detection
    return detection if detection in MODELS_OWN else "local"


def _cascaded(file: SpecFile) -> Iterator[Finding]:
    turns, pipeline = file.spec.turns, file.spec.pipeline
    if turns.detection in MODELS_OWN:
        yield (
            ("turns", "detection"),
            f"only a realtime model has '{turns.detection}' turns",
            "write smart, silence or transcription, or pipeline.style: realtime",
        )
    if "silence" in turns.model_fields_set and turns.detection == "smart":
        yield ("turns", "silence"), "smart turns end without a set silence", "add detection: silence"
    given = "stt" in pipeline.model_fields_set
    if pipeline.llm.hears_audio and given and pipeline.stt is not None:
        message = f"{pipeline.llm.model} hears the caller itself and takes no stt"
        yield ("pipeline", "stt"), message, "leave stt out, or choose a text model such as openai/gpt-4o"
    if not pipeline.llm.hears_audio and pipeline.stt is None:
        message = f"{pipeline.llm.model} can't hear, and there is no stt"
        yield ("pipeline", "stt"), message, "leave stt out for the usual one, or choose an audio model"


def _realtime(file: SpecFile) -> Iterator[Finding]:
    turns = file.spec.turns
    keys = turns.model_fields_set
    finder = turn_detection(file)
    if "detection" in keys:
        yield from _two_finders(file, finder)
    provider = file.spec.pipeline.realtime.provider
    if "detection" in keys and turns.detection in MODELS_OWN and provider != "openai":
        message = f"'{turns.detection}' is OpenAI's turn detection, and the model is {provider}'s"
        yield ("turns", "detection"), message, "leave it out, or write smart or silence"
    if "min_words" in keys:
        message = "a realtime model is interrupted by sound, before there are words"
        yield ("turns", "min_words"), message, "leave it out, or write pipeline.style: cascaded"
    if "gather" in keys:
        message = "a realtime model is given the caller's sound as it comes"
        yield ("turns", "gather"), message, "leave it out, or write pipeline.style: cascaded"
    local = "write turns.detection: smart, so that turns are detected on this machine"
    for key in _FOUND_HERE if finder != "local" else ():
        if key in keys:
            yield ("turns", key), "the realtime model detects turns itself, so this has no effect", local
    if not turns.interruptions and finder != "local":
        message = "a realtime model that detects turns itself always lets the caller interrupt"
        yield ("turns", "interruptions"), message, local
    if "silence" in keys and finder == "local" and turns.detection == "smart":
        yield ("turns", "silence"), "smart turns end without a set silence", "add detection: silence"
    if file.spec.context.strategy != "keep":
        message = "a realtime model keeps its own context"
        yield ("context", "strategy"), message, "leave it out, or write pipeline.style: cascaded"


def _two_finders(file: SpecFile, finder: object) -> Iterator[Finding]:
    detection = file.spec.turns.detection
    where: Where = ("turns", "detection")
    if detection == "transcription":
        message = "a realtime model has no transcript to find turns by"
        yield where, message, "write smart, silence, semantic or server"
        return
    kind = finder.get("type") if isinstance(finder, dict) else finder
    if kind is not None and kind != (detection if detection in MODELS_OWN else "local"):
        message = f"'{detection}' contradicts pipeline.realtime.turn_detection, which says '{kind}'"
        yield where, message, "remove one of the two"


def _any_style(file: SpecFile) -> Iterator[Finding]:
    spec = file.spec
    if spec.limits.warn_before >= spec.limits.max_duration:
        hint = f"write less than {spec.limits.max_duration:g}s, which is max_duration"
        yield ("limits", "warn_before"), "the warning would come before the call begins", hint
    if spec.budget.first_audio and not spec.speaks_first:
        hint = "leave first_audio out, or give it a greeting"
        yield ("budget", "first_audio"), "the agent lets the caller speak first", hint
    counts: Counter[str] = Counter()
    for index, test in enumerate(spec.tests):
        counts[test.name] += 1
        if counts[test.name] > 1:
            yield ("tests", index, "name"), f"another test is called '{test.name}' too", "rename one of them"
    if spec.context.strategy == "summarise" and spec.context.keep_messages >= spec.context.max_messages:
        hint = f"write less than {spec.context.max_messages}, which is max_messages"
        yield ("context", "keep_messages"), "as many messages stay as it is shortened at", hint
    yield from _callers(spec.callers)
    kinds: Counter[str] = Counter()
    for index, transport in enumerate(spec.transport):
        kinds[transport.type] += 1
        if kinds[transport.type] > 1:
            yield ("transport", index), f"'{transport.type}' is listed twice here", "remove one of them"


def _callers(callers: Callers) -> Iterator[Finding]:
    """Beginnings of numbers that are let in, and that are blocked all the same."""
    for index, allowed in enumerate(callers.allow):
        blocking = [one for one in callers.block if allowed.startswith(one)]
        if blocking:
            message = f"'{allowed}' lets nobody in, for `block` has '{blocking[0]}', which wins"
            yield ("callers", "allow", index), message, "remove one of the two"
