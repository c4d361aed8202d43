"""``--set path=value`` and ``--style``: overrides for one run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agentrun.errors import SpecError
from agentrun.spec.checks import secret_values
from agentrun.spec.loading import extends
from agentrun.spec.loading.spec_file import Place, Where
from agentrun.spec.loading.yaml import loader as yaml_loader
from agentrun.spec.loading.yaml import source as yaml_source
from agentrun.spec.loading.yaml.source import Lines, Source

_PATH = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[\d{1,4}\])*")


def put(source: Source, path: str, text: str, shown: str) -> None:
    """Put ``text`` at ``path``; problems with it are reported as standing in ``shown``.

    ``text`` is a word as in the file, or a quoted text, a list or a mapping in brackets. A part that is
    missing on the way is made.
    """
    place = Place(shown, 0, 0)
    where = _parts(path)
    if not _PATH.fullmatch(path):
        source.report((), place, f"'{path}' is not a path", "write for example pipeline.llm=openai/gpt-4o")
        return
    text, leaks = secret_values.mask(text, shown)
    for leak in leaks:
        source.report(where, place, leak.message, leak.hint)
    holder: Any = source.data
    for index in range(1, len(where)):
        holder = _step(source, holder, where[:index], place, [] if isinstance(where[index], int) else {})
        if holder is None:
            return
    try:
        value = _value(text, Path(shown))
    except SpecError as error:
        source.report(where, place, error.problems[0].message, error.problems[0].hint)
        return
    if _fits(source, holder, where, place):
        for name in extends.other_names(where):
            holder.pop(name, None)
            _forget(source, (*where[:-1], name))
        holder[where[-1]] = value
        _note(source, where, place, text)


def _parts(path: str) -> Where:
    """``tests[0].name`` as ``("tests", 0, "name")``."""
    return tuple(int(p[1:-1]) if p[0] == "[" else p for p in re.findall(r"[^.\[\]]+|\[\d{1,4}\]", path))


def _step(source: Source, holder: Any, where: Where, place: Place, empty: Any) -> Any:
    """The mapping or list at ``where``, ``empty`` when there is none; None after a report."""
    if not _fits(source, holder, where, place):
        return None
    if isinstance(holder, dict) and holder.get(where[-1]) is None:
        holder[where[-1]] = empty
        source.values[where] = source.keys[where] = place
    extends.expand(source, where)
    inner = holder[where[-1]]
    if isinstance(inner, dict | list):
        return inner
    source.report(where, place, "this is a plain value, and can't have keys below it", "check the path")
    return None


def _fits(source: Source, holder: Any, where: Where, place: Place) -> bool:
    key = where[-1]
    if isinstance(holder, dict) and isinstance(key, str):
        return True
    if isinstance(holder, list) and isinstance(key, int) and key < len(holder):
        return True
    kind = f"a list with {len(holder)} entries, counted from 0" if isinstance(holder, list) else "a mapping"
    source.report(where, place, f"this is {kind}, and it has no '{key}'", "check the path")
    return False


def _value(text: str, shown: Path) -> Any:
    if text.lstrip()[:1] in ("[", "{", '"', "'") and not text.lstrip().startswith(("{{", "{%")):
        return yaml_source.parse(text, shown).data
    return yaml_loader.plain(text)


def _note(source: Source, where: Where, place: Place, text: str) -> None:
    _forget(source, where)
    source.values[where] = source.keys[where] = place
    if "{" in text:
        source.lines[where] = Lines(place.path, 0, (), exact=False)


def _forget(source: Source, where: Where) -> None:
    """Where the value at ``where`` and those below it stood."""
    for places in (source.values, source.keys, source.lines):
        for old in [w for w in places if w[: len(where)] == where]:
            del places[old]
