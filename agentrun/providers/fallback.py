"""``fallback``: the services that take over from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agentrun.providers.service import Kind
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.pipeline import FORMER_TIMEOUT, Alternative, ServiceSpec

Report = Callable[[Where, str, str], None]
"""Takes where a problem is, what it is, and the hint."""
_TIMEOUT = ("attempt_timeout", FORMER_TIMEOUT)
_NESTED = ("fallback", *_TIMEOUT)


def check(
    kind: Kind, spec: ServiceSpec, file: SpecFile, report: Report
) -> Iterator[tuple[Where, Alternative]]:
    """Every fallback of the service at ``pipeline.<kind>`` that can be planned, and where it stands."""
    where: Where = ("pipeline", kind, "fallback")
    if kind == "realtime":
        for key in ("fallback", "attempt_timeout"):
            if key in spec.model_fields_set:
                hint = "leave it out: a lost one is connected anew; or write pipeline.style: cascaded"
                report(_written(kind, key, file), "a realtime model has no fallback", hint)
        return
    if "attempt_timeout" in spec.model_fields_set and not spec.fallback:
        hint = "add fallback, or set limits.answer, which counts for the whole answer"
        report(_written(kind, "attempt_timeout", file), "there is no fallback to wait for", hint)
    for index, other in enumerate(spec.fallback):
        here: Where = (*where, index) if (*where, index) in file.places else where
        nested = [key for key in _NESTED if key in other.settings]
        for key in nested:
            name = "attempt_timeout" if key == FORMER_TIMEOUT else key
            report((*here, key), f"a fallback has no {key} of its own", f"put it into pipeline.{kind}.{name}")
        if kind == "llm" and other.hears_audio != spec.hears_audio:
            message = f"{spec.model} and {other.model} are not given the same: one hears, the other reads"
            report(here, message, "choose two that hear audio, or two that read text")
        if any(_same(other, earlier) for earlier in (spec, *spec.fallback[:index])):
            message = f"{other.model} with the same settings is asked before it"
            report(here, message, "name another model, or another base_url")
        if not nested:
            yield here, other


def _written(kind: Kind, key: str, file: SpecFile) -> Where:
    """Where ``key`` stands, be it under its former name."""
    former: Where = ("pipeline", kind, FORMER_TIMEOUT)
    return former if key in _TIMEOUT and former in file.places else ("pipeline", kind, key)


def _same(one: Alternative, other: Alternative) -> bool:
    return one.model == other.model and one.settings == other.settings
