"""What a check of specs found: all of it, sorted, before anything is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentrun import plugins
from agentrun.errors import AgentRunError, PluginError, Problem, SetupError, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.spec.checks import call_control, literal_templates, speakable_text
from agentrun.spec.loading import folder
from agentrun.spec.loading.load import examine
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.tools.tool import Tool


@dataclass(frozen=True)
class CheckOptions:
    """How specs are checked: against which variables, with which overrides, with plugins or without.

    ``target`` is the place that they are to run at, one of ``agentrun.deploy.targets``; ``dispatched`` where
    `agentrun serve --dispatch` starts the sessions there.
    """

    environ: Mapping[str, str] = field(repr=False)
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    plugins: bool = True
    target: str | None = None
    dispatched: bool = False


@dataclass
class Findings:
    """``problems`` of specs, tests and plugins; ``plans`` of the specs that have no error."""

    specs: int = 0
    problems: set[Problem] = field(default_factory=set)
    plans: list[Plan] = field(default_factory=list)

    def all(self) -> list[Problem]:
        """Every problem, by file and line."""
        return sorted(self.problems)

    def count(self, severity: str) -> int:
        """How many are of ``severity``."""
        return sum(problem.severity == severity for problem in self.problems)


def examine_all(paths: Sequence[Path], wanted: CheckOptions) -> Findings:
    """What is wrong with the specs of ``paths``; a folder gives those below it that are not hidden."""
    findings = Findings()
    for path in _files(paths, findings):
        findings.specs += 1
        _examine(path, wanted, findings)
    return findings


def _examine(path: Path, wanted: CheckOptions, findings: Findings) -> None:
    """Problems and warnings of one spec, its tools and its plan."""
    file, problems = examine(path, wanted.overrides, wanted.style)
    findings.problems.update(problems)
    if file is None:
        return
    findings.problems.update(speakable_text.check(file))
    findings.problems.update(call_control.check_recording(file))
    findings.problems.update(literal_templates.check_parameters(file))
    tools, broken = _tools(file) if wanted.plugins else ((), [])
    findings.problems.update(broken)
    findings.problems.update(_blocking(tools))
    if broken or not wanted.plugins:
        # a test or a flow that names a tool which was not loaded may be right
        file = replace(file, spec=file.spec.model_copy(update={"tests": (), "flow": None, "handoff": ()}))
    try:
        plan = planning.make(file, tools, wanted.environ, import_plugins=wanted.plugins)
    except SpecError as error:
        findings.problems.update(error.problems)
        return
    findings.problems.update(plan.warnings)
    if wanted.target:
        from agentrun.deploy.targets import TARGETS

        place = TARGETS[wanted.target]
        there = place.problems_with(plan, wanted.environ, dispatched=wanted.dispatched)
        findings.problems.update(there)
    if not problems and not broken:
        findings.plans.append(plan)


def _blocking(tools: Sequence[Tool]) -> list[Problem]:
    authored = [tool for tool in tools if tool.function]
    if not authored:
        return []
    from agentrun.plugins import blocking_calls

    return [problem for tool in authored for problem in blocking_calls.problems(tool)]


def _tools(file: SpecFile) -> tuple[tuple[Tool, ...], list[Problem]]:
    try:
        return plugins.load(file), []
    except SpecError as error:
        return (), list(error.problems)
    except AgentRunError as error:
        return (), [_of(error)]


def _of(error: AgentRunError) -> Problem:
    """What stands in no spec, as a problem without a line."""
    if isinstance(error, PluginError):
        words = error.message.removeprefix(f"plugin '{error.plugin}' ({error.path}): ")
        return Problem(error.path, 0, 0, f"plugin '{error.plugin}'", words, error.hint)
    return Problem("agentrun", 0, 0, "", error.message, error.hint)


def _files(paths: Sequence[Path], findings: Findings) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        inside = folder.specs(path) if _is_folder(path) else [path]
        if not inside:
            missing = SetupError(f"there is no spec in {path}", "name a folder that holds .yaml files")
            findings.problems.add(_of(missing))
        files += map(_spec_of, inside)
    return list(dict.fromkeys(files))


def _spec_of(path: Path) -> Path:
    """The spec beside a file of tests, which are checked with it; any other path as it is."""
    beside = path.with_name(path.name.replace(".tests.", "."))
    return beside if beside != path and beside.exists() else path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
