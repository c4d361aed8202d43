"""``!include steps.yaml`` in a spec: replaced by the content of another file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentrun.errors import SpecError
from agentrun.spec.checks import secret_values
from agentrun.spec.loading import file_text
from agentrun.spec.loading.spec_file import Place, Where
from agentrun.spec.values import project_paths

TAG = "!include"
MOST_BYTES = 256 * 1024
MOST_FILES = 50
"""Of one spec."""
DATA = (".yaml", ".yml", ".json")
"""What is read as data; anything else is text."""


def include(source: Any, where: Where, name: str, place: Place, parse: Callable[..., Any]) -> Any:
    """The content of the file ``name`` beside the one that names it, noted in ``source``; None is a problem.

    Values keep the place where they stand in their own file. ``parse`` reads data, JSON included.
    """
    folder = Path(place.path).parent
    project = project_paths.find_project(Path(place.path))
    if project_paths.inside(folder, name, project) is None:
        message = f"'{name}' leads out of the project's folder '{project.name}'"
        return _problem(source, where, place, message, "move it inside")
    source.included += 1
    if source.included > MOST_FILES:
        return _problem(
            source,
            where,
            place,
            f"more than {MOST_FILES} files are included",
            "put some of them into one file",
        )
    target = folder / name
    if target.resolve() in source.including:
        return _problem(source, where, place, *_loop(source, target))
    try:
        content, leaks = secret_values.mask(file_text.read(target, MOST_BYTES, source.edited), str(target))
        source.problems += leaks
        source.files.add(target)
        if target.suffix not in DATA:
            return content
        more = {"included": source.included, "by": source.including, "edited": source.edited}
        return _data(source, where, parse(content, target, **more))
    except SpecError as error:
        first = error.problems[0]
        at = f"{Path(first.path).name}:{first.line}: " if first.line > 1 else ""
        return _problem(source, where, place, f"'{name}': {at}{first.message}", first.hint)


def _loop(source: Any, target: Path) -> tuple[str, str]:
    """What to say of a file that is included again by what it includes."""
    chain = source.including[source.including.index(target.resolve()) :]
    if len(chain) == 1:
        return f"'{target.name}' includes itself", "name another file"
    way = " → ".join(path.name for path in (*chain, target))
    return (
        f"these files include each other: {way}",
        f"remove `!include` from one of them, such as {chain[-1].name}",
    )


def _data(source: Any, where: Where, other: Any) -> Any:
    """What was read, with its places where the tag stands."""
    for key in ("values", "keys", "lines"):
        getattr(source, key).update({(*where, *below): at for below, at in getattr(other, key).items()})
    source.problems += other.problems
    source.unread |= {(*where, *below) for below in other.unread}
    source.included = other.included
    source.files |= other.files
    return other.data


def _problem(source: Any, where: Where, place: Place, message: str, hint: str) -> None:
    source.report(where, place, message, hint)
    source.unread |= {where} - {()}
