"""``{file: prompts/ncaa.md}`` in a spec: replaced by the text of the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from agentrun.errors import SpecError
from agentrun.spec.checks import secret_values
from agentrun.spec.loading import file_text
from agentrun.spec.loading.spec_file import Place, Where, nearest
from agentrun.spec.loading.yaml import includes as yaml_includes
from agentrun.spec.loading.yaml import source as yaml_source
from agentrun.spec.loading.yaml.source import Lines, Source
from agentrun.spec.values import project_paths

MOST_BYTES = 256 * 1024
PROMPTS = ("system", "greeting", "apology", "repeat", "busy", "goodbye")
UNREAD = "unread"


def put(source: Source, project: Path) -> None:
    """Replace every ``{file: …}`` of the prompts by the file's text, and note where its lines stand."""
    _put_flow(source)
    prompts = source.data.get("prompts")
    if not isinstance(prompts, dict):
        return
    for key in PROMPTS:
        value = prompts.get(key)
        if isinstance(value, dict) and "file" in value:
            prompts[key] = _content(source, ("prompts", key), value, project)


def _put_flow(source: Source) -> None:
    """Read the steps from a file of their own, in YAML or JSON, where they are `{file: …}`."""
    value = source.data.get("flow")
    if not isinstance(value, dict) or "file" not in value:
        return
    where: Where = ("flow",)
    place = nearest(source.values, (*where, "file"), source.path)
    name = value["file"]
    if len(value) > 1 or not isinstance(name, str) or not name.endswith(yaml_includes.DATA):
        hint = "write {file: steps.yaml}; its keys are those of a flow"
        message = "`file:` takes the name of one YAML or JSON file, with no key beside it"
        source.report((*where, "file"), place, message, hint)
        del source.data["flow"]
        return
    base = place if place.line else replace(place, path=str(source.path))
    source.data["flow"] = yaml_includes.include(source, where, name, base, yaml_source.parse)


def _content(source: Source, where: Where, value: dict[str, Any], project: Path) -> str:
    place = nearest(source.values, (*where, "file"), source.path)
    name = value["file"]
    if len(value) > 1 or not isinstance(name, str) or not name:
        message = "`file:` takes the name of one file, with no key beside it"
        source.report((*where, "file"), place, message, "write {file: x.md}")
        return UNREAD
    return _read(source, where, name, place, project)


def _read(source: Source, where: Where, name: str, place: Place, project: Path) -> str:
    """A name is looked for beside the file that it stands in."""
    here = (*where, "file")
    folder = (Path(place.path) if place.line else source.path).parent
    target = folder / name
    if project_paths.inside(folder, name, project) is None:
        message = f"'{name}' leads out of the project's folder '{project.name}'"
        source.report(here, place, message, "move it inside")
        return UNREAD
    try:
        content, leaks = secret_values.mask(file_text.read(target, MOST_BYTES, source.edited), str(target))
    except SpecError as error:
        first = error.problems[0]
        source.report(here, place, f"'{name}': {first.message}", first.hint)
        return UNREAD
    source.problems += leaks
    source.lines[where] = Lines(str(target), 1, tuple(content.splitlines()), exact=True)
    return content
