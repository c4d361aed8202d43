"""From a path to a frozen agent, or to every problem of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agentrun.errors import Problem, SpecError
from agentrun.spec import problems, source, templates
from agentrun.spec.file import Place, SpecFile, Where, dotted, nearest
from agentrun.spec.models import AgentSpec
from agentrun.spec.source import Source

MOST_PARENTS = 10
PROMPT_KEYS = ("system", "greeting", "apology", "repeat")


def load(path: Path, overrides: Sequence[tuple[str, str]] = (), style: str | None = None) -> SpecFile:
    """Load a spec; ``overrides`` are the pairs of ``--set``, ``style`` that of ``--style``.

    Raises SpecError with every problem that can be seen, sorted by position.
    """
    project = find_project(path)
    found = _inherit(path, project, ())
    if style:
        overrides = [*overrides, ("pipeline.style", style)]
    for dotted_path, text in overrides:
        _override(found, dotted_path, text)
    found.data.setdefault("name", _name_from(path))
    if isinstance(found.data.get("prompts"), str):
        found.data["prompts"] = {"system": found.data["prompts"]}
        found.values["prompts", "system"] = found.values["prompts",]
    trouble = _read_prompt_files(found, project)
    try:
        spec = AgentSpec.model_validate(found.data)
    except ValidationError as error:
        raise SpecError([*trouble, *problems.explain(error, found)]) from None
    file = SpecFile(path, project, spec, found.values)
    trouble += templates.check(file)
    if trouble:
        raise SpecError(trouble)
    return file


def find_project(path: Path) -> Path:
    """The folder that holds ``plugins/``: the spec's own, else the one above it, else the spec's own."""
    folder = path.absolute().parent
    for candidate in (folder, folder.parent):
        if (candidate / "plugins").is_dir():
            return candidate
    return folder


def _inherit(path: Path, project: Path, children: tuple[Path, ...]) -> Source:
    """A spec merged over the one that it extends: mappings are merged, everything else is replaced."""
    found = source.parse(source.read(path), path)
    if not isinstance(found.data, dict):
        kind = "a list" if isinstance(found.data, list) else "plain text"
        message, hint = f"a spec is a mapping, and this is {kind}", "begin with `transport: local`"
        raise SpecError([Problem(str(path), 1, 1, "", message, hint)])
    parent = found.data.pop("extends", None)
    if parent is None:
        return found
    where = found.values["extends",]
    if not isinstance(parent, str):
        raise _at(where, ("extends",), "is not a file's name", "write extends: other.yaml")
    target = _inside(path, parent, project)
    if target is None:
        raise _at(where, ("extends",), f"'{parent}' is outside the project {project}", "move it inside")
    if target in (path.resolve(), *children) or len(children) >= MOST_PARENTS:
        chain = " → ".join(p.name for p in (*children, path, target))
        raise _at(
            where, ("extends",), f"the specs extend each other in a circle: {chain}", "break the circle"
        )
    if not target.is_file():
        raise _at(where, ("extends",), f"there is no file '{parent}'", f"it is looked for in {path.parent}")
    base = _inherit(path.parent / parent, project, (*children, path.resolve()))
    base.data.pop("name", None)
    _merge(base, found.data, (), found)
    base.path = path
    return base


def _merge(base: Source, data: dict[Any, Any], where: Where, child: Source) -> None:
    target = base.data
    for part in where:
        target = target[part]
    for key, value in data.items():
        here = (*where, key)
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(base, value, here, child)
            continue
        _replace(base, here, child)
        target[key] = value


def _replace(base: Source, here: Where, child: Source) -> None:
    for places, new in ((base.values, child.values), (base.keys, child.keys)):
        for old in [w for w in places if w[: len(here)] == here]:
            del places[old]
        places.update({w: place for w, place in new.items() if w[: len(here)] == here})


def _override(found: Source, path: str, text: str) -> None:
    """Put ``--set path=text`` in place; its problems are reported as standing in ``--set path=text``."""
    shown = Path(f"--set {path}={text}")
    value = source.parse(text, shown).data if text.strip() else None
    parts: list[str | int] = [
        int(p) if p.isdigit() else p for p in re.split(r"[.\[\]]+", path.strip(".]")) if p
    ]
    target, where = found.data, ()
    for part in parts[:-1]:
        where = (*where, part)
        inner = target.get(part) if isinstance(target, dict) else target[part]
        if isinstance(inner, str):
            inner = {_short_key(where): inner}
        target[part] = inner = inner if isinstance(inner, dict | list) else {}
        target = inner
    last = parts[-1]
    try:
        target[last] = value
    except (IndexError, TypeError):
        raise _at(Place(str(shown), 1, 1), tuple(parts), "there is no such place", "check the path") from None
    for old in [w for w in found.values if w[: len(parts)] == tuple(parts)]:
        del found.values[old]
    found.values[tuple(parts)] = found.keys[tuple(parts)] = Place(str(shown), 1, 1)


def _short_key(where: Where) -> str:
    if where == ("prompts",):
        return "system"
    return "type" if where[0] == "transport" else "model"


def _read_prompt_files(found: Source, project: Path) -> list[Problem]:
    """Put the text of ``{file: …}`` in the place of the mapping."""
    prompts = found.data.get("prompts")
    trouble: list[Problem] = []
    for key in PROMPT_KEYS if isinstance(prompts, dict) else ():
        value = prompts[key] if key in prompts else None
        if not isinstance(value, dict) or set(value) != {"file"}:
            continue
        where = ("prompts", key, "file")
        place = nearest(found.values, where, found.path)
        target = _inside(Path(place.path), str(value["file"]), project)
        try:
            if target is None:
                raise _at(
                    place, where, f"'{value['file']}' is outside the project {project}", "move it inside"
                )
            prompts[key] = source.read(target)
        except SpecError as error:
            prompts[key] = "unread"
            first = error.problems[0]
            message = first.message if target is None else f"'{value['file']}' {first.message}"
            trouble.append(Problem(place.path, place.line, place.column, dotted(where), message, first.hint))
    return trouble


def _inside(origin: Path, name: str, project: Path) -> Path | None:
    """``name`` beside ``origin``, or None when it leads out of the project; links are followed."""
    try:
        target = (origin.absolute().parent / name).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return target if target.is_relative_to(project.resolve()) else None


def _name_from(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "agent"


def _at(place: Place, where: Where, message: str, hint: str) -> SpecError:
    return SpecError([Problem(place.path, place.line, place.column, dotted(where), message, hint)])
