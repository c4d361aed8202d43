"""Finds secrets in files that would be copied into a deployment or an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from agentrun.deploy import example_secrets, project
from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.spec.checks import secret_values

MOST_BYTES = 256 * 1024
"""Of a file that is looked through: a larger one is data."""
MOST_TOTAL = 4 * 1024 * 1024
"""Of all files in a folder, the small ones first: it takes about a second for each MiB."""
_REPLACED = "this one should be replaced, for others may have seen it"


def problems(plan: Plan) -> Iterator[Problem]:
    """Refuse what looks like a secret in the files of plugins, and warn of it in documents.

    A document is written for callers, and an address in it may have a part that only looks like a key. What
    specs and their texts hold is refused when they are loaded. What examples show, and an account's SID of
    Twilio, is none. No problem has a secret in its words.
    """
    files = list(project.plugin_files(plan.file.project.resolve()))
    for path in (path for path in files if path.suffix == ".env"):
        words = "holds values of variables, and would be copied with the plugins"
        hint = "name them where it is to run, and move the file out of plugins/"
        yield Problem(str(path), 0, 0, "", words, hint)
    hint = f'read it from a variable (call.environ["NAME"]), and set that where it runs; {_REPLACED}'
    for one in _found(path for path in files if path.suffix != ".env"):
        yield replace(one, hint=hint)
    for agent in plan.everyone:
        for one in _found(project.documents(agent.file)):
            yield replace(one, hint=f"if it is one, take it out; {_REPLACED}", severity="warning")


def _found(paths: Iterable[Path]) -> Iterator[Problem]:
    """What looks like a secret in each of ``paths`` that is no data, as far as there is time for them."""
    found = ((status.st_size, path, status.st_mtime_ns) for path in paths for status in (path.stat(),))
    left = MOST_TOTAL
    for size, path, changed in sorted(one for one in found if one[0] <= MOST_BYTES):
        left -= size
        if left < 0:
            return
        yield from _in(path, changed)


@lru_cache(maxsize=project.MOST_FILES)
def _in(path: Path, changed: int) -> tuple[Problem, ...]:
    """Of a file that was last ``changed`` then: agents of one project have their plugins in common."""
    del changed
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(
        secret_values.problem(text, start, kind, str(path))
        for start, end, kind in secret_values.spans(text)
        if not example_secrets.is_one(text, start, end, kind)
    )
