"""Resolves ``after_call`` to a model that can be asked, or reports what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from agentrun.providers.service_plans import ServicePlan, ServicePlanner
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.after_call import AfterCall

WHERE: Where = ("after_call",)


@dataclass(frozen=True)
class AnalysisPlan:
    """What is asked after each call, and the models that are asked, one after the other until one answers."""

    wanted: AfterCall
    services: tuple[ServicePlan, ...]


def plan(file: SpecFile, planner: ServicePlanner) -> AnalysisPlan | None:
    """The analysis of ``file``, if it has one; what is wrong with it goes to ``planner``."""
    _check_tests(file, planner)
    section = file.spec.after_call
    if section is None:
        return None
    usual = file.spec.pipeline.llm
    service = section.model or usual
    if service.hears_audio:
        where = (*WHERE, "model") if section.model else WHERE
        hint = "write for example model: openai/gpt-4o-mini"
        message = f"{service.model} needs audio, and after a call there is only its transcript"
        planner.problem(where, message, hint)
        return None
    if section.model:
        chosen = planner.service("llm", section.model, (*WHERE, "model"), used=True)
        return AnalysisPlan(section, (_words_alone(chosen),))
    chosen = planner.part("llm", usual, used=True)
    return AnalysisPlan(section, tuple(map(_words_alone, (chosen, *chosen.fallback))))


def _words_alone(service: ServicePlan) -> ServicePlan:
    """A question that stands by itself: over no socket that belongs to a conversation."""
    return service.without_setting("api")


def _check_tests(file: SpecFile, planner: ServicePlanner) -> None:
    """What a test expects of an analysis must be asked by ``after_call``."""
    section = file.spec.after_call
    for index, test in enumerate(file.spec.tests):
        if test.after_call is None:
            continue
        where: Where = ("tests", index, "after_call")
        if section is None:
            planner.problem(where, "there is no after_call whose answer could be tested", "add `after_call:`")
            continue
        expected = test.after_call.expect
        for name in expected.fields:
            if name not in section.fields:
                names = ", ".join(section.fields) or "none"
                message = f"after_call has no field '{name}'"
                planner.problem(
                    (*where, "expect", "fields", name), message, f"write one of its fields: {names}"
                )
        keys = expected.model_fields_set
        for key, setting in (("success", section.success), ("summary_contains", section.summary)):
            if key in keys and not setting:
                part = key.partition("_")[0]
                message = f"after_call asks for no {part}"
                planner.problem((*where, "expect", key), message, f"add `{part}:` to after_call")
