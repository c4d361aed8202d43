"""Plans the look-up before a call, and what may follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from agentrun.plugins import builtin
from agentrun.providers import settings
from agentrun.providers.service_plans import OPENAI, ServicePlan, ServicePlanner
from agentrun.spec.checks.variables import check_condition
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.before_call import USUAL_SECONDS, BeforeCall, CallChoice
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.tools.tool import Tool

NAME = "before_call"
"""How the look-up is called in a record's errors, and in the `tools:` of a test."""
_PLACE: Where = (NAME,)


@dataclass(frozen=True)
class BeforeCallPlan:
    """``tool`` is the request, None where only plugins are asked; the greeting waits ``seconds`` for them."""

    tool: Tool | None = None
    seconds: float = USUAL_SECONDS
    choices: tuple[CallChoice, ...] = ()


def plan(file: SpecFile, planner: ServicePlanner, parts: Sequence[ServicePlan | None]) -> BeforeCallPlan:
    """The look-up of a spec, whose services are ``parts``; what is wrong with it is told to ``planner``."""
    section = file.spec.before_call
    if section is None:
        return BeforeCallPlan()
    for where, message, hint in _choices(file, section, [part for part in parts if part]):
        planner.problem((*_PLACE, *where), message, hint)
    tool = _tool(section, planner)
    seconds = section.timeout or (
        tool.timeout if tool and "timeout" in (section.http or {}) else USUAL_SECONDS
    )
    return BeforeCallPlan(replace(tool, timeout=seconds) if tool else None, seconds, section.choose)


def _tool(wanted: BeforeCall, planner: ServicePlanner) -> Tool | None:
    if wanted.http is None:
        return None
    data: dict[str, Any] = {"use": "http", "name": NAME, "description": "Look the caller up."} | wanted.http
    for key in ("parameters", "save", "confirm", "say", "once_per_call"):
        if key in wanted.http:
            hint = "write it beside `http:`" if key == "save" else "leave it out: no model calls this"
            planner.problem((*_PLACE, "http", key), f"'{key}' is not allowed here", hint)
            return None
    try:
        entry = ToolUse.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        planner.problem((*_PLACE, "http", *map(str, first["loc"])), str(first["msg"]), "")
        return None
    tool, wrong = builtin.tool_of(entry)
    for where, message, hint in wrong:
        planner.problem((*_PLACE, "http", *where), message, hint)
    return replace(tool, timeout=entry.timeout, save=wanted.save) if tool else None


def _choices(
    file: SpecFile, wanted: BeforeCall, parts: Sequence[ServicePlan]
) -> Iterator[tuple[Where, str, str]]:
    for index, choice in enumerate(wanted.choose):
        for path, comparison in choice.when.items():
            for message, hint in check_condition(path, comparison, file.spec):
                yield ("choose", index, "when", path), message, hint
        for key in ("voice", "language"):
            if value := getattr(choice, key):
                yield from ((("choose", index, key), *detail) for detail in _setting(key, value, parts))


def _setting(key: str, value: str, parts: Sequence[ServicePlan]) -> Iterator[tuple[str, str]]:
    """Why the services can't be told a ``voice`` or a ``language``."""
    kinds = ("tts", "realtime") if key == "voice" else ("stt", "realtime")
    takers = [part for part in parts if part.kind in kinds and part.service]
    for part in takers:
        assert part.service  # noqa: S101
        if part.kind == "realtime" and key == "language":
            if part.provider != OPENAI:
                yield f"{part.provider}'s realtime models are told no language", "leave it out"
        elif key not in part.service.settings:
            yield f"{part.service.label} has no `{key}` that could be chosen", "leave it out"
        else:
            for _, message, hint in settings.check(part.service, {key: value}):
                yield message, hint
    if not takers:
        yield f"no service of this agent takes a {key}", "leave it out"


def chosen(service: ServicePlan | None, choice: CallChoice) -> ServicePlan | None:
    """``service`` as it works for a caller of whom ``choice`` is true."""
    if service is None:
        return None
    if choice.voice and service.kind in ("tts", "realtime"):
        service = service.with_setting("voice", choice.voice)
    if choice.language and service.kind == "stt":
        service = service.with_setting("language", choice.language)
    if choice.language and service.kind == "realtime":
        transcription = {**(service.settings.get("transcription") or {}), "language": choice.language}
        service = service.with_setting("transcription", transcription)
    return service
