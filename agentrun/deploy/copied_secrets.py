"""Secrets in files that are copied as they are: whoever has the folder, or its image, would have them too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agentrun.deploy import project
from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.spec.checks import secret_values

MOST_BYTES = 1024 * 1024
"""Of a file that is looked through: a larger one is data."""
_REPLACED = "this one should be replaced, for others may have seen it"


def problems(plan: Plan) -> Iterator[Problem]:
    """Refuse what looks like a secret in the files of plugins, and warn of it in documents.

    A document is written for callers, and an address in it may have a part that only looks like a key. What
    specs and their texts hold is refused when they are loaded. No problem has a secret in its words.
    """
    for path in project.plugin_files(plan.file.project.resolve()):
        if path.suffix == ".env":
            words = "holds values of variables, and would be copied with the plugins"
            hint = "name them where it is to run, and move the file out of plugins/"
            yield Problem(str(path), 0, 0, "", words, hint)
        else:
            hint = f'read it from a variable (call.environ["NAME"]), and set that where it runs; {_REPLACED}'
            yield from (replace(one, hint=hint) for one in _found(path))
    for one in (plan, *plan.team.values()):
        for path in project.documents(one.file):
            hint = f"if it is one, take it out; {_REPLACED}"
            yield from (replace(each, hint=hint, severity="warning") for each in _found(path))


def _found(path: Path) -> list[Problem]:
    try:
        if path.stat().st_size > MOST_BYTES:
            return []
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return secret_values.mask(text, str(path))[1]
