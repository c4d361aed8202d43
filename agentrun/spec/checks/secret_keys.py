"""Values that are secrets because of their key, whatever they look like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from agentrun.errors import Problem
from agentrun.spec.checks.secret_values import MASK
from agentrun.spec.loading.spec_file import Where, dotted, nearest
from agentrun.spec.loading.yaml.source import Source, at
from agentrun.spec.values.environment_variables import VARIABLE

_SECRET_KEY = re.compile(
    r"(?:^|[_-])(?:api[_-]?key|access[_-]?key|auth[_-]?token|password|passwd|secret|token|credentials?)$",
    re.IGNORECASE,
)
_QUERY_KEY = re.compile(r"(?:^|[_-])(?:key|sig|signature|code|auth|authorization|cookie)$", re.IGNORECASE)
"""What only counts in the query and the headers of a tool."""
_LOOKS_MADE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{8,}")
"""A word that no prompt would say: a variable called ``token`` may also hold one that a caller is told."""
_NAMED_VARIABLE = re.compile(rf"(?:[\w.-]+=)?{VARIABLE.pattern}")
"""One, with the name that a cookie or a header's scheme has before it."""
_MADE_BESIDE = re.compile(r"(?=[^\s;,&]*\d)(?=[^\s;,&]*[A-Za-z])[^\s;,&]{16,}")
"""What stands beside a variable and is a secret itself; shorter words are names, or what keys begin with."""
_HINT = "put it in a variable and write ${NAME} here"


def find(source: Source) -> dict[str, Problem]:
    """Literal values of keys such as ``api_key``, each with its problem."""
    problems: dict[str, Problem] = {}
    for where in source.keys:
        if not _is_secret_place(where):
            continue
        value = at(source.data, where)
        if value is None or isinstance(value, dict | list | bool) or _is_filled(str(value)):
            continue
        is_certain = where[0] in ("pipeline", "transport") or _has_made_default(str(value))
        if MASK in str(value) or not (is_certain or _LOOKS_MADE.fullmatch(str(value))):
            continue
        place = nearest(source.values, where, source.path)
        message = f"'{where[-1]}' is a secret, and is given here in plain text"
        problems[str(value)] = Problem(place.path, place.line, place.column, dotted(where), message, _HINT)
    return problems


def _is_secret_place(where: Where) -> bool:
    """Whether what stands at ``where`` is a secret by its name."""
    key = str(where[-1])
    if where[0] == "tools" and len(where) > 1 and where[-2] in ("query", "headers", "environment", "env"):
        return bool(_SECRET_KEY.search(key) or _QUERY_KEY.search(key))
    return where[0] in ("pipeline", "transport", "vars", "tools", "record") and bool(_SECRET_KEY.search(key))


def _has_made_default(value: str) -> bool:
    """Whether a key stands behind a variable, as what is taken where that is not set."""
    return any(_LOOKS_MADE.fullmatch(found[2] or "") for found in VARIABLE.finditer(value))


def _is_filled(value: str) -> bool:
    """Whether a value comes from a variable or a template, and what stands beside a variable is no secret.

    >>> _is_filled("session=${SESSION_V2}"), _is_filled("0123456789abcdefg-${NAME}"), _is_filled("hunter2")
    (True, False, False)
    """
    if _has_made_default(value):
        return False
    beside, variables = _NAMED_VARIABLE.subn(" ", value)
    return "{{" in value or (variables > 0 and not _MADE_BESIDE.search(beside))


def without(problems: Iterable[Problem], values: Iterable[str]) -> list[Problem]:
    """``problems`` with none of ``values`` in their words."""
    hidden = [value for value in values if value]

    def mask(text: str) -> str:
        for value in hidden:
            text = text.replace(value if len(value) > 5 else f"'{value}'", "…")
        return text

    return [
        problem
        if problem.hint == _HINT
        else replace(problem, message=mask(problem.message), hint=mask(problem.hint))
        for problem in problems
    ]


def names_a_secret(line: str) -> bool:
    """Whether ``line`` of a file has a key whose value is a secret, so that it must not be shown.

    >>> names_a_secret("  api_key: abc"), names_a_secret("  model: openai/gpt-4o")
    (True, False)
    """
    return any(_SECRET_KEY.search(word) for word in re.findall(r"[\w-]+(?=[\"']?\s*:)", line))
