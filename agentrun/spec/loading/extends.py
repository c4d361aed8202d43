"""``extends:`` in a spec: mappings are merged, everything else is replaced.

Of mappings that are alternatives only one stands: a text in a file, a service of another provider, another
transport.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agentrun.errors import Problem, SpecError
from agentrun.spec.checks import secret_values
from agentrun.spec.loading import file_text, tests_file
from agentrun.spec.loading.file_text import UNEDITED, Edited
from agentrun.spec.loading.spec_file import Place, Where, dotted
from agentrun.spec.loading.yaml import source as yaml_source
from agentrun.spec.loading.yaml.source import Source
from agentrun.spec.models.pipeline import FORMER_TIMEOUT
from agentrun.spec.values import project_paths

MOST_PARENTS = 10
SHORT = {("prompts",): "system", ("transport",): "type"} | {
    ("pipeline", part): "model" for part in ("stt", "llm", "tts", "realtime")
}
"""Where a word is short for a mapping, and the key that it then stands at."""
_SERVICES = tuple(where for where, key in SHORT.items() if key == "model")
_OF_ANY_PROVIDER = ("fallback", "attempt_timeout", FORMER_TIMEOUT)
"""Keys of a service that hold whoever the provider is; the others are settings of the one that is named."""
_ONE_KEY = ("attempt_timeout", FORMER_TIMEOUT)
"""Two names of one key of a service: what is written later counts, under whichever."""


def read(path: Path, project: Path, children: tuple[Path, ...] = (), edited: Edited = UNEDITED) -> Source:
    """The spec at ``path`` over the one that it extends; every value keeps the place where it stands.

    ``children`` are the files that led here, ``edited`` is what is to be in some files and isn't written yet.
    Raises SpecError for what can't be read at all.
    """
    source = _parse(path, edited)
    tests_file.put(source)
    if "extends" not in source.data:
        return source
    target = _parent(source, project, children)
    base = read(target, project, (*children, path.resolve()), edited)
    base.data.pop("name", None)
    return _merge(base, source)


def expand(source: Source, where: Where) -> None:
    """Write a short word out: ``llm: openai/gpt-4o`` as ``llm: {model: openai/gpt-4o}``."""
    holder = source.data
    for part in where[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    word = holder.get(where[-1]) if isinstance(holder, dict) else None
    if isinstance(word, str) and where in SHORT:
        here = (*where, SHORT[where])
        holder[where[-1]] = {SHORT[where]: word}
        source.values[here] = source.values[where]
        if where in source.lines:
            source.lines[here] = source.lines.pop(where)


def other_names(where: Where) -> tuple[str, ...]:
    """The other names under which the key at ``where`` may stand.

    >>> other_names(("pipeline", "tts", "attempt_timeout"))
    ('patience',)
    """
    if where[0] != "pipeline" or where[:-1] not in SHORT or where[-1] not in _ONE_KEY:
        return ()
    return tuple(name for name in _ONE_KEY if name != where[-1])


def _parse(path: Path, edited: Edited) -> Source:
    content, leaks = secret_values.mask(file_text.read(path, edited=edited), str(path))
    try:
        source = yaml_source.parse(content, path, edited=edited)
    except SpecError as error:
        raise SpecError([*error.problems, *leaks]) from None
    source.problems += leaks
    if not isinstance(source.data, dict):
        kind = "a list" if isinstance(source.data, list) else "plain text"
        message, hint = f"a spec is a mapping, and this is {kind}", "begin with `transport: local`"
        place = source.values[()]
        problem = Problem(str(path), place.line, place.column, "", message, hint)
        raise SpecError([problem, *source.problems])
    return source


def _parent(source: Source, project: Path, children: tuple[Path, ...]) -> Path:
    """The file that ``source`` extends; raises SpecError when there is none that may be read."""
    name, place, path = source.data.pop("extends"), source.values["extends",], source.path
    if not isinstance(name, str) or not name:
        raise _error(place, "is not the name of a file", "write extends: other.yaml")
    target = path.parent / name
    if project_paths.inside(path.parent, name, project) is None:
        raise _error(place, f"'{name}' leads out of the project's folder '{project.name}'", "move it inside")
    chain = (*children, path.resolve())
    if target.resolve() in chain:
        names = " → ".join(p.name for p in (*chain, target))
        raise _error(place, f"the specs extend each other in a circle: {names}", "break the circle")
    if len(chain) > MOST_PARENTS:
        raise _error(place, f"more than {MOST_PARENTS} specs extend each other", "merge some of them")
    if not os.path.isfile(target):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        raise _error(place, f"there is no file '{name}'", f"write its path from '{path.parent}'")
    return target


def _merge(base: Source, child: Source) -> Source:
    for where in SHORT:
        if where == ("prompts",) and isinstance(base.data.get("prompts"), dict):
            expand(child, where)
        if isinstance(yaml_source.at(child.data, where), dict):
            expand(base, where)
    replaced: set[Where] = set()
    data = _merged(base.data, child.data, (), replaced)

    def kept(where: Where) -> bool:
        return not any(where[:n] in replaced for n in range(1, len(where) + 1))

    return Source(
        child.path,
        data,
        {w: p for w, p in base.values.items() if kept(w)} | child.values,
        {w: p for w, p in base.keys.items() if kept(w)} | child.keys,
        {w: p for w, p in base.lines.items() if kept(w)} | child.lines,
        [*base.problems, *child.problems],
        {w for w in base.unread if kept(w)} | child.unread,
        files={base.path, *base.files, *child.files},
        edited=child.edited,
    )


def _merged(
    base: dict[str, Any], child: dict[str, Any], where: Where, replaced: set[Where]
) -> dict[str, Any]:
    data = dict(base)
    for key, value in child.items():
        for name in other_names((*where, key)):
            if name not in child and name in data:
                del data[name]
                replaced.add((*where, name))
        under = base.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            here = (*where, key)
            rest = _compatible(under, value, here)
            replaced.update((*here, name) for name in under.keys() - rest.keys())
            data[key] = _merged(rest, value, here, replaced)
        else:
            replaced.add((*where, key))
            data[key] = value
    return data


def _compatible(base: dict[str, Any], child: dict[str, Any], where: Where) -> dict[str, Any]:
    """What of ``base`` may stand beside ``child``: not a file's text beside another, nor others' settings."""
    if ("file" in base) != ("file" in child):
        return {}
    if where in _SERVICES and _provider(base) != _provider({**base, **child}):
        return {key: value for key, value in base.items() if key in _OF_ANY_PROVIDER}
    if where == ("transport",) and base.get("type") != child.get("type", base.get("type")):
        return {}
    return base


def _provider(service: dict[str, Any]) -> str:
    return str(service.get("model")).partition("/")[0]


def _error(place: Place, message: str, hint: str) -> SpecError:
    return SpecError([Problem(place.path, place.line, place.column, dotted(("extends",)), message, hint)])
