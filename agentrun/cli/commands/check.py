"""``agentrun check PATH…``: find every mistake before the first call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from agentrun.cli.checking import CheckOptions, Findings, examine_all
from agentrun.cli.options.shared import override_options, specs_argument
from agentrun.cli.options.shared import variables as env_file
from agentrun.cli.options.target import dispatched_option, target_option

_TICK_MS = 200


@click.command()
@specs_argument("paths")
@click.option(
    "--format", "form", default="text", show_default=True,
    type=click.Choice(["text", "json", "github", "sarif"]), help="Output format.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--env-file", "variables", callback=env_file, metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Environment variables to check with, in addition to those that are set.",
)  # fmt: skip
@click.option("--no-plugins", is_flag=True, help="Don't import plugins; tools are not checked.")
@click.option(
    "--explain", is_flag=True, help="Print each spec's effective values, and where each comes from."
)
@click.option("--watch", is_flag=True, help="Check again whenever a file is saved.")
@target_option(help="Also check for what does not work on this deployment target.")
@dispatched_option
@override_options
def command(
    paths: tuple[Path, ...],
    form: str,
    strict: bool,
    variables: dict[str, str],
    no_plugins: bool,
    explain: bool,
    watch: bool,
    target: str | None,
    dispatched: bool,
    style: str | None,
    overrides: tuple[tuple[str, str], ...],
) -> int:
    """Check specs, and all specs in folders, before the first call.

    Without PATHS, the specs in agents/ are checked.
    Exits with 0 if there are no mistakes, 1 if there are, 2 if the command is used wrongly.
    """
    if dispatched and target != "pipecat-cloud":
        raise click.UsageError("--dispatched is for --target pipecat-cloud")
    environ = {**variables, **os.environ}
    options = CheckOptions(environ, style, overrides, not no_plugins, target, dispatched)

    def once() -> int:
        findings = examine_all(paths, options)
        _print(findings, form)
        if explain:
            _explain(findings)
        return 1 if findings.count("error") or (strict and findings.count("warning")) else 0

    return _again_and_again(paths, once) if watch else once()


def _again_and_again(paths: tuple[Path, ...], once: Callable[[], int]) -> int:
    """Check at once and after each save, until Ctrl-C."""
    from watchfiles import watch

    from agentrun.spec.values.project_paths import find_project

    roots = {path if path.is_dir() else path.parent for path in paths}
    roots |= {find_project(path) for path in paths}
    code: int | None = None
    there = [root for root in roots if root.is_dir()]
    # the first check comes once the watch is running, so that no save is missed in between
    for changes in watch(*there, yield_on_timeout=True, rust_timeout=_TICK_MS):
        if changes or code is None:
            code = once()
    return code or 0


def _explain(findings: Findings) -> None:
    from agentrun.cli.output.spec_values import show

    for plan in findings.plans:
        show(plan)


def _print(findings: Findings, form: str) -> None:
    if form == "text":
        _print_text(findings)
    else:
        from agentrun.cli.output.check_formats import FORMATS

        text = FORMATS[form](findings)
        click.echo(text, nl=bool(text))
    errors, warnings = findings.count("error"), findings.count("warning")
    summary = _count(errors, "error") if errors else "no errors"
    if warnings:
        summary += f", {_count(warnings, 'warning')}"
    click.echo(f"{_count(findings.specs, 'spec')} checked: {summary}", err=True)


def _print_text(findings: Findings) -> None:
    """Print each problem and its hint; on a terminal, with the line of the file that it is about."""
    if not sys.stdout.isatty():
        for problem in findings.all():
            click.echo(str(problem))
        return
    from rich.console import Console

    from agentrun.cli.output import source_excerpt

    console = Console(soft_wrap=True, highlight=False)
    for problem in findings.all():
        console.print(source_excerpt.excerpt(problem))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
