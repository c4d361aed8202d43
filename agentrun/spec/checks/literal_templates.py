"""Braces where nobody fills them in, and parameters of a call that may not be there.

Templates are filled in in ``prompts.system``, ``prompts.greeting``, the texts of a flow's nodes, and the
``url``, ``headers``, ``query`` and ``body`` of an HTTP tool. Everywhere else ``{{ … }}`` would be said or
sent as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jinja2
from jinja2 import nodes

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile, Where, nearest
from agentrun.spec.loading.yaml_source import Source
from agentrun.spec.models.agent import FixedWords
from agentrun.spec.values import templates

_FILLED_IN_HTTP = ("url", "headers", "query", "body")
_LITERAL_IN_TOOLS = ("say", "description", "parameters", "name")
_CHECKED_ELSEWHERE = ("flow", "tests", "extends")


def check(found: Source) -> list[Problem]:
    """An error for each text in which braces would stay as they are."""
    report = Source(found.path)
    known = {*templates.TEMPLATES, *templates.SPOKEN_AS_THEY_STAND}
    for where, text in _texts(found.data, ()):
        if "{{" in text and "}}" in text and where not in known and _is_literal(where):
            hint = "write plain words, or move it to a prompt, a flow's text or a request of an HTTP tool"
            place = nearest(found.values, where, found.path)
            report.report(where, place, "{{ … }} is not filled in here, and would stay as it is", hint)
    return report.problems


def check_parameters(file: SpecFile) -> list[Problem]:
    """A warning for each parameter of a call that leaves a gap in a prompt where a caller doesn't give it."""
    greeting = file.spec.prompts.greeting
    prompts: list[tuple[Where, str]] = [(("prompts", "system"), file.spec.prompts.system)]
    if isinstance(greeting, FixedWords):
        prompts.append((("prompts", "greeting", "say"), greeting.say))
    elif greeting:
        prompts.append((("prompts", "greeting"), greeting))
    problems = []
    for where, text in prompts:
        for name in dict.fromkeys(_bare_parameters(text)):
            message = f"'call.body.{name}' is empty for a caller who doesn't give it"
            hint = f'write {{{{ call.body.{name} or "there" }}}}, or {{% if call.body.{name} %}}'
            problems.append(file.problem(where, message, hint, "warning"))
    return problems


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


def _is_literal(where: Where) -> bool:
    """A plugin may make what it likes of its own settings."""
    if where[0] != "tools" or len(where) < 3:
        return True
    return where[2] in _LITERAL_IN_TOOLS and where[2] not in _FILLED_IN_HTTP


def _bare_parameters(text: str) -> Iterator[str]:
    """The parameters that are written out as they are, outside of any condition."""
    try:
        tree = templates.environment().parse(text)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError):
        return
    tests: list[nodes.Node] = [one.test for one in tree.find_all(nodes.If)]
    tests += [one.test for one in tree.find_all(nodes.CondExpr)]
    guarded = {name for test in tests for name in _parameters(test)}
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            name = _parameter(node)
            if name and name not in guarded:
                yield name


def _parameters(node: nodes.Node) -> Iterator[str]:
    found = [node, *node.find_all((nodes.Getattr, nodes.Getitem))]
    return (name for one in found if (name := _parameter(one)))


def _parameter(node: nodes.Node) -> str:
    """``x`` of ``call.body.x``."""
    if not isinstance(node, nodes.Getattr) or not isinstance(node.node, nodes.Getattr):
        return ""
    body = node.node
    is_body = body.attr == "body" and isinstance(body.node, nodes.Name) and body.node.name == "call"
    return node.attr if is_body else ""
