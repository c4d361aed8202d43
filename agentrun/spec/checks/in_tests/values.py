"""Values in tests that have no effect: unknown names, wrong types, former keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.errors import Problem
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.after_call import AfterCall, AnalysisTest
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Scenario
from agentrun.spec.models.tools.extracted_fields import ExtractedField
from agentrun.spec.values import field_values, variables

Finding = tuple[Where, str, str]
Fields = Mapping[str, ExtractedField]
_PARTS = ("summary", "success", "fields")
_NOTHING = ("none", "null", "nil", "undefined")


def check(file: SpecFile) -> list[Problem]:
    """A warning for each; a test may have the model answer badly on purpose.

    Of a spec that hands over nothing is known of what the other agents find out.
    """
    spec = file.spec
    findings: list[Finding] = []
    for index, test in enumerate(spec.tests):
        where = ("tests", index)
        findings += _former(test, where)
        findings += [] if spec.handoff else [*_read(test, spec, where), *_variables(test, spec, where)]
        if test.after_call and spec.after_call:
            findings += _analysed(test.after_call, spec.after_call, (*where, "after_call"))
    return [file.problem(where, message, hint, "warning") for where, message, hint in findings]


def _former(test: Scenario, where: Where) -> Iterator[Finding]:
    """What may still stand in a test, and bounds nothing."""
    for number, turn in enumerate(test.turns):
        if turn.budget and turn.budget.total is not None:
            place = (*where, "turns", number, "budget", "total")
            yield place, "`total` has no effect", "remove it; `within_ms` and `first_audio` limit times"


def _read(test: Scenario, spec: AgentSpec, where: Where) -> Iterator[Finding]:
    """What the model is made to read from the caller's words."""
    fields = variables.extracted(spec)
    for number, turn in enumerate(test.turns):
        yield from _thrown_away(turn.extract, fields, (*where, "turns", number, "extract"))


def _variables(test: Scenario, spec: AgentSpec, where: Where) -> Iterator[Finding]:
    """What the call must have found out."""
    fields, names = variables.extracted(spec), variables.found_out(spec)
    for name, value in test.variables.items():
        place = (*where, "variables", name)
        if name not in names:
            there = f"write one of: {', '.join(names)}" if names else "add it under `save:` or `extract:`"
            yield place, f"no `save:` or `extract:` gives a value to '{name}'", closest(name, names) or there
        elif isinstance(value, str) and value.lower() in _NOTHING and not _may_be(fields.get(name), value):
            yield place, f"'{value}' is a text, and not that '{name}' has no value", "write null for no value"
        elif name in fields:
            yield from _never(name, value, fields[name], place)


def _analysed(test: AnalysisTest, asked: AfterCall, where: Where) -> Iterator[Finding]:
    """What the model answers about the call, and what must come of it."""
    for number, answer in enumerate(test.llm):
        if isinstance(answer, str):
            continue
        place = (*where, "llm", number) if len(test.llm) > 1 else (*where, "llm")
        for key in answer:
            if key not in _PARTS:
                hint = (
                    "put it under `fields:`" if key in asked.fields else f"write one of: {', '.join(_PARTS)}"
                )
                yield (*place, key), f"an analysis has no '{key}'", closest(str(key), _PARTS) or hint
        values = answer.get("fields")
        if isinstance(values, dict):
            yield from _unknown(values, asked.fields, (*place, "fields"))
            yield from _thrown_away(values, asked.fields, (*place, "fields"))
    for name, value in test.expect.fields.items():
        if name in asked.fields:
            yield from _never(name, value, asked.fields[name], (*where, "expect", "fields", name))


def _unknown(values: Mapping[str, Any], fields: Fields, where: Where) -> Iterator[Finding]:
    for name in values:
        if name not in fields:
            there = (
                f"write one of its fields: {', '.join(fields)}" if fields else "add it to after_call.fields"
            )
            yield (*where, name), f"after_call has no field '{name}'", closest(str(name), fields) or there


def _thrown_away(values: Mapping[str, Any], fields: Fields, where: Where) -> Iterator[Finding]:
    """Values that a call would throw away, since they don't fit their fields."""
    for name, value in values.items():
        if name in fields and (trouble := _trouble(name, value, fields[name])):
            hint = "write a value that fits, unless the test is about one that doesn't"
            yield (*where, name), f"{trouble}: a call would discard it", hint


def _never(name: str, value: Any, one: ExtractedField, where: Where) -> Iterator[Finding]:
    """A value that a field can't have."""
    trouble = _trouble(name, value, one)
    if trouble:
        yield where, f"{trouble}, so it is never that", "write a value that fits"
        return
    read, _ = field_values.read({name: one}, json.dumps({name: value}, default=str))
    if name in read and (read[name] != value or isinstance(read[name], bool) != isinstance(value, bool)):
        message = f"'{name}' is never {value!r}: it is read as {json.dumps(read[name])}"
        yield where, message, f"write {json.dumps(read[name])}"


def _may_be(one: ExtractedField | None, value: str) -> bool:
    return one is not None and one.enum is not None and value in one.enum


def _trouble(name: str, value: Any, one: ExtractedField) -> str | None:
    """Why ``value`` doesn't fit the field ``name``; none where it does, or where it is null."""
    _, troubles = field_values.read({name: one}, json.dumps({name: value}, default=str))
    return troubles[0] if troubles else None
