"""``agentrun check PATH…``: every mistake before the first call."""

from __future__ import annotations

import os
from pathlib import Path

import click

from agentrun import plan as planning
from agentrun import plugins, spec
from agentrun.cli.options import override_options
from agentrun.errors import AgentRunError, Problem, SpecError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@override_options
def command(paths: tuple[Path, ...], style: str | None, overrides: tuple[tuple[str, str], ...]) -> int:
    """Check specs, and every spec of a folder, without a call. Exit 0 when they are clean, 1 when not."""
    problems: list[Problem] = []
    others: list[AgentRunError] = []
    files = list(_files(paths))
    for path in files:
        try:
            problems += _check(path, style, overrides)
        except SpecError as error:
            problems += error.problems
        except AgentRunError as error:
            others.append(error)
    for problem in sorted(set(problems)):
        click.echo(str(problem))
    for other in others:
        click.echo(str(other))
    errors = len(others) + sum(problem.severity == "error" for problem in set(problems))
    click.echo(
        f"{_count(len(files), 'spec')} checked: {_count(errors, 'error') if errors else 'no errors'}",
        err=True,
    )
    return 1 if errors else 0


def _check(path: Path, style: str | None, overrides: tuple[tuple[str, str], ...]) -> list[Problem]:
    """Warnings of one spec; raises AgentRunError for its errors."""
    file = spec.load(path, overrides, style)
    problems: list[Problem] = []
    try:
        tools = plugins.load(file)
    except SpecError as error:
        problems += error.problems
        tools = ()
    try:
        plan = planning.make(file, tools, os.environ)
    except SpecError as error:
        raise SpecError([*problems, *error.problems]) from None
    if problems:
        raise SpecError(problems)
    return [
        file.problem(("pipeline",), f"{name} is not set", f"export {name}=… before serving", "warning")
        for name in plan.missing
    ]


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
        found += [p for p in inside if ".tests." not in p.name]
    return list(dict.fromkeys(found))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
