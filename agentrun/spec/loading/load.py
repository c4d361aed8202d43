"""Loads a spec from a path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from agentrun.errors import Problem, SpecError
from agentrun.spec.checks import literal_templates, secret_keys
from agentrun.spec.loading import extends, included_files, problems, readable_part
from agentrun.spec.loading import overrides as override
from agentrun.spec.loading.file_text import UNEDITED, Edited
from agentrun.spec.loading.spec_file import SpecFile, Where, nearest
from agentrun.spec.loading.yaml.source import Source
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.flow import older_form
from agentrun.spec.values.project_paths import find_project


def load(path: Path, overrides: Sequence[tuple[str, str]] = (), style: str | None = None) -> SpecFile:
    """Load a spec; ``overrides`` are the pairs of ``--set``, ``style`` that of ``--style``.

    Raises SpecError with every problem, sorted by position.
    """
    file, errors = examine(path, overrides, style)
    if errors or file is None:
        raise SpecError(errors)
    return file


def examine(
    path: Path,
    overrides: Sequence[tuple[str, str]] = (),
    style: str | None = None,
    edited: Edited = UNEDITED,
) -> tuple[SpecFile | None, list[Problem]]:
    """A spec as far as it can be read, beside its problems: what is wrong falls back to its default.

    So a plan can be made of it, and the plan's problems be told in the same run. ``edited`` is what is to be
    in files of the spec, ``path`` or others, and isn't written yet.
    """
    project = find_project(path)
    try:
        source = extends.read(path, project, edited=edited)
    except SpecError as error:
        return None, list(error.problems)
    source.data.setdefault("name", _name_from(path))
    if style:
        override.put(source, "pipeline.style", style, "--style")
    for dotted_path, text in overrides:
        override.put(source, dotted_path, text, f"--set {dotted_path}")
    included_files.put(source, project)
    _rewrite_older_flow(source)
    spec, trouble = _validate(source)
    secrets = secret_keys.find(source)
    braces = [*_template_problems(source), *literal_templates.check(source)]
    everything = [*source.problems, *secrets.values(), *trouble, *braces]
    sources = _sources(source)
    digest = _digest(path, sources, overrides, style, edited)
    file = SpecFile(path, project, spec, source.values, sources, digest) if spec else None
    return file, sorted(set(secret_keys.without(everything, secrets)))


def _rewrite_older_flow(source: Source) -> None:
    """Read a flow of Pipecat's older form as what it means, and say once what has to change in it."""

    def move(before: Where, after: Where) -> None:
        source.move(("flow", *before), ("flow", *after))

    changes = list(older_form.rewrite(source.data.get("flow"), move))
    if changes:
        where: Where = ("flow", *changes[0][0])
        hint = older_form.hint([change for _, change in changes])
        source.report(where, nearest(source.values, where, source.path), older_form.MESSAGE, hint)


def _template_problems(source: Source) -> list[Problem]:
    """Problems of templates; Jinja2 is imported only for a spec that has some, for it costs half a check."""
    texts = repr([source.data.get(key) for key in ("prompts", "turns", "limits")])
    if not source.data.get("vars") and not any(mark in texts for mark in ("{{", "{%", "{#")):
        return []
    from agentrun.spec.values import templates

    return templates.check(source)


def _digest(
    path: Path,
    sources: frozenset[Path],
    overrides: Sequence[tuple[str, str]],
    style: str | None,
    edited: Edited,
) -> str:
    """16 hexadecimal digits of SHA-256 over the files' content and what the command line changes."""
    digest = hashlib.sha256(repr((style, sorted(overrides))).encode())
    for source in sorted({path, *sources}):
        text = edited.get(source.resolve()) if edited else None
        content = text.encode() if text is not None else source.read_bytes() if source.is_file() else b""
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _sources(source: Source) -> frozenset[Path]:
    """The files that ``source`` was put together from."""
    values = {place.path for place in source.values.values() if place.line}
    named = {Path(path) for path in values | {lines.path for lines in source.lines.values()}}
    return frozenset(named | source.files)


def _validate(source: Source) -> tuple[AgentSpec | None, list[Problem]]:
    try:
        return AgentSpec.model_validate(source.data), []
    except ValidationError as error:
        places = {(p.path, p.line, p.column) for p in source.problems}
        explained = [
            p
            for p in problems.explain(error, source)
            if (p.path, p.line, p.column) not in places or not p.line
        ]
        return readable_part.spec(source.data, error), explained


def _name_from(path: Path) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    name = words if words[:1].isalpha() else f"agent-{words}"
    return name[:63].strip("-")
