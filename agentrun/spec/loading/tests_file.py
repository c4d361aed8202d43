"""``agents/ncaa.tests.yaml``: the tests of ``agents/ncaa.yaml`` in a file of their own.

The file has the shape of Pipecat's scenario files, so ``pipecat eval run`` reads it as well: a ``name``, a
list of ``scenarios``, and keys that are defaults for each of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agentrun.errors import Problem, SpecError
from agentrun.spec.checks import secret_values
from agentrun.spec.loading import file_text
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import Place
from agentrun.spec.loading.yaml import source as yaml_source
from agentrun.spec.loading.yaml.source import Source

SUFFIX = ".tests.yaml"
DEFAULTS = ("judge", "user", "stop_on_failure", "context", "persona", "goal", "success", "metrics", "turns")
"""Keys of a scenario that may stand at the top of the file."""


def path_of(spec: Path) -> Path:
    """Where the tests of ``spec`` stand.

    >>> path_of(Path("agents/ncaa.yaml"))
    PosixPath('agents/ncaa.tests.yaml')
    """
    return spec.with_name(spec.name.removesuffix(spec.suffix) + SUFFIX)


def put(source: Source) -> None:
    """Add the scenarios of the file beside the spec to its ``tests``; raises SpecError if it is not YAML."""
    path = path_of(source.path)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        return
    content, leaks = secret_values.mask(file_text.read(path, edited=source.edited), str(path))
    if not content.strip():
        raise SpecError([_problem(Place(str(path), 1, 1), "", "is empty", "begin with `scenarios:`")])
    tests = yaml_source.parse(content, path)
    source.problems += [*leaks, *tests.problems]
    if not isinstance(tests.data, dict) or not isinstance(tests.data.get("scenarios"), list):
        raise SpecError([_problem(tests.values[()], "", "has no scenarios", "begin with `scenarios:`")])
    _check_keys(source, tests)
    own = source.data.get("tests")
    if not isinstance(own, list):
        own = [] if own is None else [own]
    defaults = {key: value for key, value in tests.data.items() if key in DEFAULTS}
    start = len(own)
    source.data["tests"] = [*own, *(_with(defaults, one) for one in tests.data["scenarios"])]
    _copy_places(source, tests, start, list(defaults))


def _with(defaults: dict[str, Any], scenario: Any) -> Any:
    return {**defaults, **scenario} if isinstance(scenario, dict) else scenario


def _check_keys(source: Source, tests: Source) -> None:
    keys = ("name", "scenarios", *DEFAULTS)
    for key in tests.data:
        if key not in keys:
            hint = closest(key, keys) or f"its keys are {', '.join(keys)}"
            place = tests.keys.get((key,), tests.values[()])
            source.problems.append(_problem(place, key, f"'{key}' is not a key of a file of tests", hint))


def _copy_places(source: Source, tests: Source, start: int, defaults: list[str]) -> None:
    """A value keeps the place where it stands: in its scenario, or at the top of the file."""
    source.values.setdefault(("tests",), tests.values["scenarios",])
    for index in range(len(tests.data["scenarios"])):
        here = ("tests", start + index)
        for before, after in ((tests.values, source.values), (tests.keys, source.keys)):
            for where, place in before.items():
                if where[:1] and where[0] in defaults:
                    after.setdefault((*here, *where), place)
            own = {w: p for w, p in before.items() if w[:2] == ("scenarios", index)}
            after.update({(*here, *w[2:]): p for w, p in own.items()})
        source.lines |= {(*here, *w[2:]): p for w, p in tests.lines.items() if w[:2] == ("scenarios", index)}


def _problem(place: Place, where: str, message: str, hint: str) -> Problem:
    return Problem(place.path, place.line, place.column, where, message, hint)
