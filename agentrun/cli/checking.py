"""Checks specs and collects every problem, before anything is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.plan import examination
from agentrun.plan.plan import Plan
from agentrun.spec.loading import folder
from agentrun.spec.loading.tests_file import SUFFIX


@dataclass(frozen=True)
class CheckOptions:
    """How specs are checked: with which environment variables and overrides, with or without plugins.

    ``target`` is the deployment target to check for, one of ``agentrun.deploy.targets``; ``dispatched`` is
    true if `agentrun serve --dispatch` starts the sessions there.
    """

    environ: Mapping[str, str] = field(repr=False)
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    plugins: bool = True
    target: str | None = None
    dispatched: bool = False


@dataclass
class Findings:
    """The problems of specs, tests and plugins, and the plans of the specs without errors."""

    specs: int = 0
    problems: set[Problem] = field(default_factory=set)
    plans: list[Plan] = field(default_factory=list)

    def all(self) -> list[Problem]:
        """All problems, sorted by file and line."""
        return sorted(self.problems)

    def count(self, severity: str) -> int:
        """The number of problems of ``severity``."""
        return sum(problem.severity == severity for problem in self.problems)


def examine_all(paths: Sequence[Path], wanted: CheckOptions) -> Findings:
    """Check the specs at ``paths``; a folder stands for all specs below it that are not hidden."""
    findings = Findings()
    for path in _files(paths, findings):
        findings.specs += 1
        _examine(path, wanted, findings)
    if wanted.target:
        findings.problems.update(_together(wanted.target, findings.plans))
    return findings


def _together(target: str, plans: Sequence[Plan]) -> Iterator[Problem]:
    """The problems of several agents in one deployment, as `agentrun eject` would find them."""
    from agentrun.deploy.project import collect
    from agentrun.deploy.targets import require_distinct, require_one

    if len(plans) < 2:
        return
    try:
        require_distinct(plans)
        collect(plans)
        require_one(target, [plan.spec.name for plan in plans])
    except SpecError as error:
        yield from error.problems
    except SetupError as error:
        yield plans[1].file.problem(("name",), error.message, error.hint)


def _examine(path: Path, wanted: CheckOptions, findings: Findings) -> None:
    """Add the problems of one spec, including those at its deployment target."""
    seen = examination.examine(
        path,
        wanted.environ,
        overrides=wanted.overrides,
        style=wanted.style,
        import_plugins=wanted.plugins,
    )
    findings.problems.update(seen.problems)
    if wanted.target and seen.plan:
        from agentrun.deploy.targets import TARGETS

        place = TARGETS[wanted.target]
        there = place.problems_with(seen.plan, wanted.environ, dispatched=wanted.dispatched)
        findings.problems.update(there)
    if seen.plan and seen.is_whole:
        findings.plans.append(seen.plan)


def _without_spec(tests: Path) -> Problem:
    name = tests.name.removesuffix(SUFFIX)
    message = f"there is no spec {name}.yaml beside these tests, so nobody runs them"
    hint = "name the file after its spec, SPEC.tests.yaml"
    return Problem(str(tests), 1, 1, "", message, hint, "warning")


def _files(paths: Sequence[Path], findings: Findings) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        try:
            files += folder.specs_at(path)
        except SetupError as error:
            findings.problems.add(examination.problem_of(error))
        findings.problems.update(map(_without_spec, folder.tests_alone(path)))
    return list(dict.fromkeys(files))
