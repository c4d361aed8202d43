"""``agentrun check PATH…``: every mistake before the first call."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from agentrun import plan as planning
from agentrun import plugins
from agentrun.cli.options import override_options
from agentrun.errors import AgentRunError, Problem, SetupError, SpecError
from agentrun.spec import folder
from agentrun.spec.file import SpecFile
from agentrun.spec.load import examine
from agentrun.tools.tool import Tool


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@override_options
def command(paths: tuple[Path, ...], style: str | None, overrides: tuple[tuple[str, str], ...]) -> int:
    """Check specs, and every spec of a folder, without a call. Exit 0 when they are clean, 1 when not."""
    problems: set[Problem] = set()
    others: list[AgentRunError] = []
    files = _files(paths, others)
    for path in files:
        problems.update(_check(path, style, overrides, others))
    everything: list[Problem | AgentRunError] = [*sorted(problems), *others]
    for found in everything:
        _print(found)
    errors = len(others) + sum(problem.severity == "error" for problem in problems)
    summary = _count(errors, "error") if errors else "no errors"
    click.echo(f"{_count(len(files), 'spec')} checked: {summary}", err=True)
    return 1 if errors else 0


def _check(
    path: Path, style: str | None, overrides: tuple[tuple[str, str], ...], others: list[AgentRunError]
) -> list[Problem]:
    """Problems and warnings of one spec, its tools and its plan; what is in no spec goes to ``others``."""
    file, problems = examine(path, overrides, style)
    if file is None:
        return problems
    before = len(others)
    tools, more = _tools(file, others)
    problems = [*problems, *more]
    if more or len(others) > before:
        # a test that calls a tool which could not be loaded says nothing about the test
        file = replace(file, spec=file.spec.model_copy(update={"tests": ()}))
    try:
        plan = planning.make(file, tools, os.environ)
    except SpecError as error:
        return [*problems, *error.problems]
    return [*problems, *plan.warnings]


def _tools(file: SpecFile, others: list[AgentRunError]) -> tuple[tuple[Tool, ...], tuple[Problem, ...]]:
    try:
        return plugins.load(file), ()
    except SpecError as error:
        return (), error.problems
    except AgentRunError as error:
        others.append(error)
        return (), ()


def _files(paths: tuple[Path, ...], others: list[AgentRunError]) -> list[Path]:
    """The specs of ``paths``; a folder gives those below it that are not hidden."""
    found: list[Path] = []
    for path in paths:
        inside = folder.specs(path) if path.is_dir() else [path]
        if not inside:
            others.append(SetupError(f"there is no spec in {path}", "name a folder that holds .yaml files"))
        found += inside
    return list(dict.fromkeys(found))


def _print(found: Problem | AgentRunError) -> None:
    """One line, and its hint on the next; with colours on a terminal."""
    if not sys.stdout.isatty():
        click.echo(str(found))
        return
    from rich.console import Console
    from rich.text import Text

    head, hint, mend = str(found).partition("\n  hint: ")
    is_warning = isinstance(found, Problem) and found.severity == "warning"
    shown = Text(head, style="yellow" if is_warning else "red")
    if isinstance(found, Problem):
        shown = Text(head)
        shown.stylize("yellow" if is_warning else "red", len(head) - len(found.message))
        shown.stylize("bold", 0, len(found.path))
    shown.append(hint + mend, style="dim")
    Console(soft_wrap=True, highlight=False).print(shown)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
