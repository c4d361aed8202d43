"""Prompts are Jinja2 templates: sandboxed, and strict about names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agentrun.call import Call
from agentrun.errors import Problem
from agentrun.spec.file import SpecFile, Where
from agentrun.spec.problems import closest

CALL_FIELDS = ("agent", "body", "caller", "from_number", "id", "to_number", "transport")


def environment() -> ImmutableSandboxedEnvironment:
    """No loops over attributes of Python, no writing, and an unknown name is an error."""
    return ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


def render(text: str, call: Call, variables: Mapping[str, Any], now: datetime) -> str:
    """A prompt for one call.

    ``{{ call.body.x }}`` is empty when the call has no custom parameter ``x``: callers choose these.
    """
    body = {**call.parameters}
    known = {name: getattr(call, name) or "" for name in CALL_FIELDS if name != "body"}
    return (
        environment()
        .from_string(text)
        .render({**variables, "now": now, "call": {**known, "body": _Body(body)}})
    )


def check(file: SpecFile) -> list[Problem]:
    """Every prompt that is no template, and every name that it can't know."""
    problems: list[Problem] = []
    for where, text in _prompts(file):
        try:
            tree = environment().parse(text)
        except jinja2.TemplateSyntaxError as error:
            problems.append(
                _at_line(file, where, error.lineno, f"this template is broken: {error.message}", "")
            )
            continue
        for line, name, hint in _unknown(tree, file):
            problems.append(_at_line(file, where, line, f"'{name}' is not known here", hint))
    return problems


class _Body(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _prompts(file: SpecFile) -> Iterator[tuple[Where, str]]:
    prompts = file.spec.prompts
    yield ("prompts", "system"), prompts.system
    greeting = prompts.greeting
    if isinstance(greeting, str):
        yield ("prompts", "greeting"), greeting
    elif greeting:
        yield ("prompts", "greeting", "say"), greeting.say


def _unknown(tree: nodes.Template, file: SpecFile) -> Iterator[tuple[int, str, str]]:
    known = {"call", "now", *file.spec.vars}
    stored = {n.name for n in tree.find_all(nodes.Name) if n.ctx == "store"} | {"loop", "range", "dict"}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in known | stored:
            hint = closest(name.name, known) or f"known: {', '.join(sorted(known))}; add your own under vars:"
            yield name.lineno, name.name, hint
    for attribute in tree.find_all(nodes.Getattr):
        of_call = isinstance(attribute.node, nodes.Name) and attribute.node.name == "call"
        if of_call and attribute.attr not in CALL_FIELDS:
            hint = closest(attribute.attr, CALL_FIELDS) or f"call has: {', '.join(CALL_FIELDS)}"
            yield attribute.lineno, f"call.{attribute.attr}", hint


def _at_line(file: SpecFile, where: Where, line: int, message: str, hint: str) -> Problem:
    """A block scalar's text begins on the line after its ``|``."""
    problem = file.problem(where, message, hint)
    text = next(text for place, text in _prompts(file) if place == where)
    offset = line if "\n" in text or line > 1 else 0
    return Problem(
        problem.path, problem.line + offset, problem.column, problem.where, problem.message, problem.hint
    )
