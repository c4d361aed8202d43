"""pytest collects the tests of specs: ``pytest agents/`` runs ``agents/ncaa.yaml::mens-scores``."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from agentrun.spec.loading.spec_file import SpecFile
    from agentrun.testing.results.outcome import Outcome
    from agentrun.testing.running.find_tests import Case, Depth

_PORTAL = pytest.StashKey["_Portal"]()
_PIPECAT = "pipecat"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--agentrun-audio``, ``--agentrun-live``, and which files are specs."""
    group = parser.getgroup("agentrun", "tests of voice agents")
    group.addoption(
        "--agentrun-audio", action="store_true", help="Speak the tests of specs over the telephone."
    )
    group.addoption(
        "--agentrun-live", action="store_true", help="Run the tests of specs against the real models."
    )
    group.addoption(
        "--agentrun-replay", action="store_true", help="Run the tests of specs from their cassettes."
    )
    group.addoption(
        "--agentrun-logs", action="store_true", help="Print what Pipecat logs, which is off otherwise."
    )
    parser.addini(
        "agentrun_environ",
        "NAME=value lines: the variables of the tests of specs, which see no others.",
        "linelist",
    )
    parser.addini("agentrun_files", "Specs whose tests are collected.", "args", ["agents/*.yaml"])


def pytest_configure(config: pytest.Config) -> None:
    """A marker for what a spec's test is; and Pipecat's lines are off, unless they are asked for."""
    if not config.getoption("--agentrun-logs"):
        from loguru import logger

        logger.disable(_PIPECAT)
    config.addinivalue_line("markers", "agentrun: a test of a voice agent's spec")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A spec with tests is a file of tests."""
    if file_path.suffix not in (".yaml", ".yml") or file_path.name.endswith(".tests.yaml"):
        return None
    asked_for = any(Path(str(arg).partition("::")[0]).absolute() == file_path for arg in parent.config.args)
    patterns = parent.config.getini("agentrun_files")
    named = any(fnmatch(file_path.as_posix(), f"*/{pattern}") for pattern in patterns)
    return SpecTests.from_parent(parent, path=file_path) if asked_for or named else None


class SpecTests(pytest.File):
    """The tests of one spec; a spec with problems can't be collected, and says why."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a test."""
        from agentrun import spec
        from agentrun.errors import AgentRunError
        from agentrun.records import waiting_times
        from agentrun.testing.running.find_tests import cases

        try:
            file = spec.load(self.path)
        except AgentRunError as error:
            raise self.CollectError(str(error)) from None
        for case in cases(file, self.nodeid):
            item = SpecTest.from_parent(self, name=case.name)
            item.case = case
            yield item
        if waiting_times.in_ms(file.spec.budget):
            budget = SpecBudget.from_parent(self, name="budget")
            budget.file = file
            yield budget


class SpecTest(pytest.Item):
    """One test of a spec."""

    case: Case

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_marker(pytest.mark.agentrun)

    def runtest(self) -> None:
        """Run it, in writing unless it asks for sound."""
        config = self.config
        spoken = config.getoption("--agentrun-audio") or self.case.scenario.depth == "audio"
        depth: Depth = "audio" if spoken else "text"
        portal = config.stash.setdefault(_PORTAL, _Portal(config))
        outcome = portal.run(self.case, depth)
        if outcome.status == "skipped":
            pytest.skip(outcome.reason)
        if outcome.status == "failed":
            raise SpecTestError(outcome)
        for criterion in outcome.unjudged:
            self.add_report_section("call", "agentrun", f"not judged: {criterion}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The conversation, and what was expected where."""
        from agentrun.errors import AgentRunError
        from agentrun.testing.results.report import failure_text

        if isinstance(excinfo.value, SpecTestError):
            return failure_text(excinfo.value.outcome)
        if isinstance(excinfo.value, AgentRunError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands."""
        problem = self.case.file.problem(("tests", self.case.index), "")
        return Path(problem.path), problem.line - 1, self.name


class SpecBudget(SpecTest):
    """The budget of a spec, after its tests: those that were spoken in this process count."""

    file: SpecFile

    def runtest(self) -> None:
        """Hold it against what the tests before waited for."""
        from agentrun.testing.results import budgets

        portal = self.config.stash.setdefault(_PORTAL, _Portal(self.config))
        outcome = budgets.outcome(self.file, self.parent.nodeid if self.parent else "", portal.outcomes)
        if outcome and outcome.status == "skipped":
            pytest.skip(f"{outcome.reason}: add --agentrun-audio")
        if outcome and outcome.status == "failed":
            raise SpecTestError(outcome)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        problem = self.file.problem(("budget",), "")
        return Path(problem.path), problem.line - 1, self.name


class SpecTestError(AssertionError):
    """A spec's test failed."""

    def __init__(self, outcome: Any) -> None:
        super().__init__(outcome.id)
        self.outcome = outcome


class _Portal:
    """Tests run one after the other, on a loop that jumps over waiting or on one that hears in real time."""

    def __init__(self, config: pytest.Config) -> None:
        self._live: bool = config.getoption("--agentrun-live")
        self._replay: bool = config.getoption("--agentrun-replay")
        self._logs: bool = config.getoption("--agentrun-logs")
        self._given: list[str] = config.getini("agentrun_environ")
        self._stack = contextlib.ExitStack()
        self._runners: dict[Depth, Any] = {}
        self.outcomes: list[Outcome] = []

    def run(self, case: Case, depth: Depth) -> Outcome:
        """The outcome of ``case``."""
        with self._quiet():
            if depth not in self._runners:
                self._runners[depth] = self._stack.enter_context(
                    _opened(depth, self._given, live=self._live, replay=self._replay)
                )
            loop, run = self._runners[depth]
            self.outcomes.append(loop.run(run(case, depth)))
        return self.outcomes[-1]

    def close(self) -> None:
        """Close what was opened, and end the calls that are left in it."""
        with self._quiet():
            self._stack.close()

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """What a conversation logs is no test's business; that of other tests in this process is."""
        if self._logs:
            yield
            return
        from loguru import logger

        logger.disable("agentrun")
        try:
            yield
        finally:
            logger.enable("agentrun")


@contextlib.contextmanager
def _opened(depth: Depth, given: list[str], *, live: bool, replay: bool) -> Iterator[Any]:
    import asyncio

    with warnings.catch_warnings():
        # what Pipecat's own imports warn of is no test's business
        warnings.simplefilter("ignore", DeprecationWarning)
        from agentrun.testing.running import environment, runner
        from agentrun.testing.running.shared_servers import Mode
    from agentrun.testing.virtual_time import VirtualTimeLoop

    jumping = depth == "text" and not live
    with asyncio.Runner(loop_factory=VirtualTimeLoop if jumping else None) as loop:
        variables = environment.assignments(given, "agentrun_environ")
        environ = {**os.environ, **variables} if live else environment.scripted(os.environ, variables)
        context = runner.running(environ, Mode(live=live, replay=replay))
        run = loop.run(_enter(context))
        try:
            yield loop, run
        finally:
            loop.run(_leave(context))


async def _enter(context: Any) -> Any:
    return await context.__aenter__()


async def _leave(context: Any) -> None:
    await context.__aexit__(None, None, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what the tests shared."""
    portal = config.stash.get(_PORTAL, None)
    if portal:
        portal.close()
