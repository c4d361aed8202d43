"""Braces that nobody fills in, and call parameters that may be missing.

Templates are filled in in ``prompts.system``, ``prompts.greeting``, the texts of a flow's nodes, and the
``url``, ``headers``, ``query`` and ``body`` of an HTTP tool. Everywhere else ``{{ … }}`` would be said or
sent as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agentrun.call import Call
from agentrun.errors import Problem
from agentrun.spec.checks import flow_texts
from agentrun.spec.loading.spec_file import SpecFile, Where, nearest
from agentrun.spec.loading.yaml.source import Source
from agentrun.spec.models.agent import AgentSpec, FixedWords
from agentrun.spec.models.flow import Flow
from agentrun.spec.values import placeholders, variables
from agentrun.spec.values.template_names import BODY, SPOKEN_AS_THEY_STAND, TEMPLATES

_FILLED_IN_HTTP = ("url", "headers", "query", "body", "form")
_LITERAL_IN_TOOLS = ("say", "description", "parameters", "name")
_CHECKED_ELSEWHERE = ("flow", "tests", "extends")


def check(source: Source) -> list[Problem]:
    """An error for each text in which braces would stay as they are."""
    report = Source(source.path)
    places = {*TEMPLATES, *SPOKEN_AS_THEY_STAND}
    for where, text in (*_texts(source.data, ()), *_texts_of_keys(source.data)):
        if "{{" in text and "}}" in text and where not in places and _is_literal(where):
            hint = "write plain words, or move it to a prompt, a flow's text or a request of an HTTP tool"
            place = nearest(source.values, where, source.path)
            report.report(where, place, "{{ … }} is not filled in here, and would stay as it is", hint)
    return report.problems


def check_parameters(file: SpecFile) -> list[Problem]:
    """What leaves a gap in a text: a parameter that a caller may not give, a variable without a value."""
    problems = []
    unset = set(variables.found_out(file.spec)) - set(file.spec.vars)
    for where, text in _prompts(file.spec):
        for name in dict.fromkeys(_bare(text) if "{" in text else ()):
            if name.startswith(BODY):
                hint = f'write {{{{ {name} or "there" }}}}, or {{% if {name} %}}'
                problems.append(_may_be_empty(file, where, name, hint))
            elif name in unset:
                hint = f"give it a first value under `vars:`, or write {{% if {name} %}} … {{% endif %}}"
                problems.append(file.problem(where, f"'{name}' may have no value yet", hint))
    for where, text in _flow_texts(file.spec.flow):
        for name in dict.fromkeys(placeholders.names(text)):
            if name.startswith(BODY):
                hint = "have every call bring it, or put it into a prompt, where it can have a condition"
                problems.append(_may_be_empty(file, where, name, hint))
    return problems


def _failing(file: SpecFile, where: Where, text: str) -> list[Problem]:
    from agentrun.spec.values import partial_rendering, templates  # with Jinja2, as above

    values = {**dict.fromkeys(variables.found_out(file.spec)), **file.spec.vars}
    names = templates.names(Call("", file.spec.name, ""), values, datetime.now().astimezone())
    _, trouble = partial_rendering.render(text, names)
    if not trouble:
        return []
    message = f"this fails for a caller who gives no parameters ({trouble}), and part of it is then left out"
    hint = "write {% if … %} … {% endif %} around what needs them, or {{ … or 'a word' }}"
    return [file.problem(where, message, hint, "warning")]


def check_rendering(file: SpecFile) -> list[Problem]:
    """Each prompt that can't be filled in for a caller who gives no parameters."""
    return [one for where, text in _prompts(file.spec) if "{" in text for one in _failing(file, where, text)]


def _may_be_empty(file: SpecFile, where: Where, name: str, hint: str) -> Problem:
    return file.problem(where, f"'{name}' is empty for a caller who doesn't give it", hint, "warning")


def _bare(text: str) -> Iterator[str]:
    from agentrun.spec.checks.bare_names import bare_names  # with Jinja2, which few checks need

    return bare_names(text)


def _prompts(spec: AgentSpec) -> Iterator[tuple[Where, str]]:
    greeting = spec.prompts.greeting
    yield ("prompts", "system"), spec.prompts.system
    if isinstance(greeting, FixedWords):
        yield ("prompts", "greeting", "say"), greeting.say
    elif greeting:
        yield ("prompts", "greeting"), greeting


def _flow_texts(flow: Flow | None) -> Iterator[tuple[Where, str]]:
    if flow:
        yield from ((("flow", *where), text) for _, where, text in flow_texts.written(flow))


def _texts(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if where or key not in _CHECKED_ELSEWHERE:
                yield from _texts(inner, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*where, index))


def _texts_of_keys(data: Any) -> Iterator[tuple[Where, str]]:
    """The texts in a flow that are no templates."""
    flow = data.get("flow") if isinstance(data, dict) else None
    steps = flow.get("nodes") if isinstance(flow, dict) else None
    for name, node in steps.items() if isinstance(steps, dict) else ():
        if isinstance(node, dict):
            for key in ("keys", "idle"):
                yield from _texts(node.get(key), ("flow", "nodes", name, key))


def _is_literal(where: Where) -> bool:
    """A plugin may make what it likes of its own settings."""
    if where[:2] == ("before_call", "http"):
        return len(where) > 2 and where[2] not in _FILLED_IN_HTTP
    if where[0] != "tools" or len(where) < 3:
        return True
    return where[2] in _LITERAL_IN_TOOLS and where[2] not in _FILLED_IN_HTTP
