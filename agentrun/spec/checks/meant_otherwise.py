"""Prompts that are probably a mistake: the name of a file, or a variable that nobody fills in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.spec.loading.included_files import PROMPTS
from agentrun.spec.loading.spec_file import SpecFile, Where, dotted
from agentrun.spec.models.agent import FixedWords
from agentrun.spec.values.environment_variables import VARIABLE

_FILE = re.compile(r"[\w./\\-]{1,200}\.(?:md|markdown|txt|prompt)")


def check(file: SpecFile) -> list[Problem]:
    """An error for each name of a file that is read as words, a warning for each ``${NAME}`` that stays."""
    problems = []
    for where, text in _texts(file):
        key = str(where[1])
        if where[0] == "prompts" and len(where) == 2 and key in PROMPTS and _FILE.fullmatch(text.strip()):
            message = f"'{text.strip()}' is the name of a file, and these words are what the agent is given"
            problems.append(file.problem(where, message, f"write {key}: {{file: {text.strip()}}}"))
        if found := next((one for one in VARIABLE.finditer(text) if one[1].isupper()), None):
            hint = "write {{ name }}, and a value for it under `vars:`, which `--set vars.name=…` changes"
            if where[0] == "vars":
                hint = f"write the value itself, which `--set {dotted(where)}=…` changes"
            words = f"'{found[0]}' is not filled in here, and would stay as it is"
            problems.append(file.problem(where, words, hint, "warning"))
    return problems


def _texts(file: SpecFile) -> Iterator[tuple[Where, str]]:
    """Words of the spec in which no variable of the environment is filled in."""
    spec = file.spec
    for key in type(spec.prompts).model_fields:
        value = getattr(spec.prompts, key)
        if isinstance(value, FixedWords):
            yield ("prompts", key, "say"), value.say
        elif isinstance(value, str):
            yield ("prompts", key), value
    for name, value in spec.vars.items():
        if isinstance(value, str):
            yield ("vars", name), value
    yield ("limits", "warning"), spec.limits.warning
    yield ("limits", "goodbye"), spec.limits.goodbye
    if spec.hours:
        yield ("hours", "closed"), spec.hours.closed
