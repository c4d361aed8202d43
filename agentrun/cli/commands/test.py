"""``agentrun test PATH…``: run the tests of specs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentrun.cli.options.output_file import OutputFile
from agentrun.cli.options.shared import override_options, specs_argument
from agentrun.cli.options.shared import variables as env_file
from agentrun.printable import as_json as in_json

if TYPE_CHECKING:
    from agentrun.cli.output.tests_table import Screen
    from agentrun.testing.results.outcome import Outcome
    from agentrun.testing.running.find_tests import Case
    from agentrun.testing.running.shared_servers import Mode


def _pattern(_ctx: click.Context, _param: click.Parameter, text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except (re.error, OverflowError, RecursionError) as error:
        hint = f"'{re.escape(text or '')}' looks for the words as they are"
        raise click.BadParameter(f"this is not a regular expression: {error}; {hint}") from None


@click.command()
@specs_argument("paths")
@click.option(
    "-k", "pattern", metavar="REGEX", callback=_pattern, help="Run only the tests whose name matches."
)
@click.option("--audio", is_flag=True, help="Run over a simulated telephone call, with audio at 8 kHz.")
@click.option("--live", is_flag=True, help="Use the real models; needs keys.")
@click.option("--record", is_flag=True, help="With --live: record the models' answers for --replay.")
@click.option("--replay", is_flag=True, help="Use recorded answers; needs no keys.")
@click.option("--repeat", default=1, metavar="N", type=click.IntRange(1), help="Run every test N times.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per test.")
@click.option("--junit", metavar="FILE", type=OutputFile(), help="Write a JUnit XML report to FILE.")
@click.option(
    "--env-file", "given", callback=env_file, metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Environment variables for the tests; without --live they see no others.",
)  # fmt: skip
@override_options
def command(
    paths: tuple[Path, ...],
    pattern: re.Pattern[str] | None,
    audio: bool,
    live: bool,
    record: bool,
    replay: bool,
    repeat: int,
    as_json: bool,
    junit: Path | None,
    given: dict[str, str],
    style: str | None,
    overrides: tuple[tuple[str, str], ...],
) -> int:
    """Run the tests of the specs at PATHS: those in the spec, and those in SPEC.tests.yaml next to it.

    Without PATHS, the specs in agents/ are tested.

    The model does what each turn's `llm:` says; everything else is the real agent. Exits with 0 if all tests
    passed, 1 if one failed or a spec has problems, 2 if there was no test to run.
    """
    _check_models(live=live, record=record, replay=replay)
    from agentrun.cli.output import tests_table
    from agentrun.cli.output.server_screen import progress, quiet_logs

    quiet_logs("CRITICAL")
    from agentrun.testing.running.shared_servers import Mode

    mode = Mode(live, record, replay)
    cases = _cases(paths, pattern, style, overrides)
    shown = None if as_json else tests_table.Screen(len(cases) * repeat)
    with progress("Loading") as loaded:
        outcomes = _run(
            cases * repeat, shown, loaded, mode, environ=_environ_of_tests(given, mode), audio=audio
        )
    if audio:
        outcomes += _budgets(cases, outcomes, shown)
    _report(outcomes, shown, junit, repeat)
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _check_models(*, live: bool, record: bool, replay: bool) -> None:
    """Raise UsageError for options that contradict each other about which model answers."""
    if record and not live:
        raise click.UsageError("--record keeps what real models say: add --live")
    if replay and live:
        raise click.UsageError("--replay is without the models, --live is with them: choose one")


def _report(outcomes: Sequence[Outcome], shown: Screen | None, junit: Path | None, repeat: int) -> None:
    """End the screen, or print JSON where there is none; then write JUnit's file."""
    from agentrun.errors import SetupError
    from agentrun.testing.results import report

    if shown:
        shown.summary(outcomes, repeat)
    else:
        for outcome in outcomes:
            click.echo(in_json(outcome.as_json()))
    if junit:
        # at the end: a disk that is full costs the file, and not what the tests said
        try:
            junit.write_text(report.junit(outcomes), encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{junit} can't be written: {error.strerror}", "choose another file") from None


def _cases(
    paths: Sequence[Path],
    pattern: re.Pattern[str] | None,
    style: str | None,
    overrides: tuple[tuple[str, str], ...],
) -> list[Case]:
    """The selected tests; raises UsageError if there are none."""
    from agentrun import spec
    from agentrun.errors import SetupError
    from agentrun.testing.running import find_tests as cases

    candidates: list[Case] = []
    for path in paths:
        specs = cases.find(path)
        if not specs:
            raise SetupError(f"no spec in {path} has tests", "name a spec, or a folder of specs with tests")
        for one in specs:
            candidates += cases.cases(spec.load(one, overrides, style), str(one))
    matches = [case for case in candidates if not pattern or pattern.search(case.id)]
    if not matches:
        raise click.UsageError("no test matches; tests are in a spec, or in SPEC.tests.yaml next to it")
    return matches


def _budgets(cases: Sequence[Case], outcomes: Sequence[Outcome], shown: Screen | None) -> list[Outcome]:
    """The results for the budgets of the specs of ``cases``."""
    from agentrun.testing.results import budgets

    files = {case.spec: case.file for case in cases}
    results = [one for spec, file in files.items() if (one := budgets.outcome(file, spec, outcomes))]
    if shown:
        for one in results:
            shown.one(one)
    return results


def _environ_of_tests(given: Mapping[str, str], mode: Mode) -> dict[str, str]:
    """The tests' environment: real models need the user's variables, scripted tests must not see them."""
    from agentrun.testing.running import environment

    return {**os.environ, **given} if mode.live else environment.scripted(os.environ, given)


def _run(
    cases: Sequence[Case],
    shown: Screen | None,
    loaded: Callable[[], None] | None,
    mode: Mode,
    *,
    environ: Mapping[str, str],
    audio: bool,
) -> list[Outcome]:
    """Run all cases in turn: in real time with audio or real models, otherwise on a virtual clock."""
    import asyncio

    from agentrun.testing.running import runner
    from agentrun.testing.virtual_time import VirtualTimeLoop

    async def every() -> list[Outcome]:
        outcomes = []
        async with runner.running(environ, mode) as run:
            for case in cases:
                outcome = await run(case, "audio" if audio else "text")
                if loaded:
                    loaded()
                outcomes.append(outcome)
                if shown:
                    shown.one(outcome)
        return outcomes

    with asyncio.Runner(loop_factory=None if audio or mode.live else VirtualTimeLoop) as loop:
        return loop.run(every())
