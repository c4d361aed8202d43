"""Checks an agent's variables: duplicate names, and conditions that never hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentrun.errors import Problem
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where, dotted
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.conditions import Comparison, ConditionalWay
from agentrun.spec.models.tools.extracted_fields import ExtractedField
from agentrun.spec.values import variables
from agentrun.spec.values.conditions import as_word
from agentrun.spec.values.template_names import CALL_FIELDS, NAMES

Finding = tuple[Where, str, str]


def check(file: SpecFile) -> list[Problem]:
    """Every mistake in ``save:``, ``extract:`` and ``when:``."""
    spec = file.spec
    findings = (*_names(spec), *_reading(spec), *_conditions(spec), *_in_tests(spec))
    return [file.problem(where, message, hint) for where, message, hint in findings]


def check_ways(ways: Sequence[ConditionalWay], where: Where, spec: AgentSpec) -> Iterator[Finding]:
    """What is wrong with ways that go by variables, and that stand at ``where``."""
    for index, way in enumerate(ways):
        here = (*where, index)
        if way.when is None and index < len(ways) - 1:
            yield (
                here,
                "this entry always matches, so those below it are never reached",
                "put it last, or add `when:`",
            )
        if way.when and any(way.when == earlier.when for earlier in ways[:index]):
            yield (
                (*here, "when"),
                "this entry is never reached: one above it has the same condition",
                "remove one of them",
            )
        for path, comparison in (way.when or {}).items():
            findings = check_condition(path, comparison, spec)
            yield from (((*here, "when", path), *one) for one in findings)


def check_condition(path: str, comparison: Comparison, spec: AgentSpec) -> Iterator[tuple[str, str]]:
    """Why what is compared is not there, or why it can't be so."""
    yield from _unknown(path, spec)
    yield from _never(path, comparison, spec)


def _names(spec: AgentSpec) -> Iterator[Finding]:
    saved = {name: where for where, name in variables.saved(spec)}
    first: dict[str, ExtractedField] = {}
    for where, fields in variables.extracts(spec):
        for name, one in fields.items():
            if name in saved:
                hint = "give one of them another name: each would put its value in the place of the other's"
                yield (*where, name), f"'{name}' is saved by {dotted(saved[name][:-2])} as well", hint
            if first.setdefault(name, one) != one:
                yield (
                    (*where, name),
                    f"'{name}' is defined differently elsewhere",
                    "write both alike, or rename one",
                )


def _reading(spec: AgentSpec) -> Iterator[Finding]:
    """Who reads the fields of ``extract:``, and from what."""
    if not variables.extracted(spec):
        return
    model = spec.extraction.model or spec.pipeline.llm
    if model.hears_audio:
        message = f"{model.model} takes no text, so it can't fill the fields of `extract:`"
        yield ("extraction",), message, "add extraction: openai/gpt-4o-mini"
    realtime = spec.pipeline.style == "realtime"
    if realtime and spec.pipeline.realtime.settings.get("transcription") is False:
        message = "fields are read from a transcript, and there is none"
        yield ("pipeline", "realtime", "transcription"), message, "leave it out, or leave `extract:` out"


def _in_tests(spec: AgentSpec) -> Iterator[Finding]:
    """Fields that a test has the model read, and that nobody asks for; of other agents nothing is known."""
    fields = variables.extracted(spec)
    for index, test in enumerate(() if spec.handoff else spec.tests):
        for number, turn in enumerate(test.turns):
            for name in turn.extract:
                if name not in fields:
                    there = f"write one of: {', '.join(fields)}" if fields else "add it under `extract:`"
                    where = ("tests", index, "turns", number, "extract", name)
                    yield where, f"no `extract:` has a field '{name}'", closest(name, fields) or there


def _conditions(spec: AgentSpec) -> Iterator[Finding]:
    for where, function in spec.flow.functions() if spec.flow else ():
        if isinstance(function.transition_to, tuple):
            yield from check_ways(function.transition_to, ("flow", *where, "transition_to"), spec)
    for name, node in spec.flow.nodes.items() if spec.flow else ():
        if isinstance(node.then, tuple):
            yield from check_ways(node.then, ("flow", "nodes", name, "then"), spec)


def _unknown(path: str, spec: AgentSpec) -> Iterator[tuple[str, str]]:
    root, _, inside = path.partition(".")
    names = [*NAMES, *spec.vars, *variables.found_out(spec)]
    if root not in names:
        hint = f"write one of: {', '.join(names)}; or add your own under `vars:`, `save:` or `extract:`"
        yield f"'{root}' is not known here", closest(root, names) or hint
    elif root == "call" and inside.partition(".")[0] not in CALL_FIELDS:
        hint = closest(inside, CALL_FIELDS) or f"write one of: {', '.join(CALL_FIELDS)}"
        yield f"'{path}' is not known here", hint


def _never(path: str, comparison: Comparison, spec: AgentSpec) -> Iterator[tuple[str, str]]:
    """Why ``comparison`` can't hold of a field whose type is known."""
    one = variables.extracted(spec).get(path)
    low = max((v for k, v in comparison.orders.items() if k in ("at_least", "more_than")), default=None)
    high = min((v for k, v in comparison.orders.items() if k in ("at_most", "less_than")), default=None)
    if low is not None and high is not None and low > high:
        yield f"'{path}' can't be {low:g} or more and {high:g} or less", "exchange the two"
    if one is None:
        return
    if comparison.orders and one.type not in ("integer", "number"):
        yield f"'{path}' is of type {one.type}, and only numbers are more or less", "compare it with `equals`"
    for word in comparison.words:
        if one.enum and as_word(word) not in one.enum:
            yield (
                f"'{path}' is never '{word}'",
                closest(str(word), one.enum) or f"write one of: {', '.join(one.enum)}",
            )
        elif one.type == "boolean" and as_word(word) not in ("true", "false"):
            yield f"'{path}' is true or false, and never '{word}'", "write true or false"
        elif one.type in ("integer", "number") and isinstance(word, str | bool):
            yield f"'{path}' is a number, and never '{as_word(word)}'", "write a number"
