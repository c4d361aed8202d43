"""Runs a test in text, with Pipecat's eval harness as the caller."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from pipecat.evals.judge import EvalJudge
from pipecat.evals.results import (
    EvalAssertionFailure,
    EvalProgress,
    EvalScriptResult,
    EvalScriptTurnProgress,
)
from pipecat.evals.scenario import EvalScriptScenario
from pipecat.evals.script_session import EvalScriptSession
from pipecat.evals.session import EvalSessionParams

from agentrun.pipeline.pipecat_private.evals.turns import attend_turns
from agentrun.records import CallRecord
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.expectation_text import describe
from agentrun.testing.results.expectations import check, first_audio, interruptions
from agentrun.testing.results.outcome import Failure, Outcome
from agentrun.testing.results.script_failures import explain
from agentrun.testing.running import analysis, judges, simulated_caller
from agentrun.testing.running.call_end import wait_for_end
from agentrun.testing.running.cassettes import loaded
from agentrun.testing.running.shared_servers import SharedServers
from agentrun.testing.scripts import pipecat_script
from agentrun.testing.scripts.progress import ScriptProgress
from agentrun.testing.scripts.turn_wait import TurnWait

PACE = 3
"""Words a second of an agent that may be interrupted: a lively speaker's."""
TIMEOUT_MS = 15_000
"""What an expectation without ``within_ms`` waits, on the test's clock."""


@dataclass
class _Progress:
    """Which of the test's turns the harness is at; ``before`` counts those that are not the test's."""

    before: int
    script: ScriptProgress
    turn_wait: TurnWait

    async def note(self, _session: Any, record: EvalProgress) -> None:
        if isinstance(record, EvalScriptTurnProgress):
            self.script.turn = max(0, record.turn_index - self.before)

    async def begin(self, index: int) -> None:
        if 0 <= (turn := index - self.before) < len(self.script.turns):
            self.turn_wait.begin(turn)

    async def end(self, index: int) -> None:
        if 0 <= (turn := index - self.before) < len(self.script.turns):
            await self.turn_wait.played(turn)


async def run(bench: SharedServers, file: SpecFile, scenario: Scenario, index: int, spec: str) -> Outcome:
    """The outcome of the spec's test at ``index``; ``spec`` is how it was named."""
    began = time.monotonic()
    where = ("tests", index)
    problem = file.problem(where, "")
    place = f"{problem.path}:{problem.line}"
    greets = file.spec.speaks_first
    script = ScriptProgress(scenario.turns)
    judged = bench.mode.live and file.spec.judge is not None
    scripted = pipecat_script.load(scenario, file.path.parent, judged=judged, greets=greets)
    if not isinstance(scripted, EvalScriptScenario):
        return await simulated_caller.run(
            bench, file, scenario, scripted, Outcome(spec, scenario.name, "skipped", 0, place)
        )
    judge = judges.judge(bench, file)
    async with loaded(bench, file, scenario, "text") as cassette_library:
        with bench.set_up(file, scenario, script, base_url=cassette_library.base_url) as key:
            turn_wait = TurnWait(
                file.spec, script, lambda: bench.switchboard.records.get(file.spec.name, key)
            )
            before = int(greets and pipecat_script.waits_for_greeting(scenario))
            progress = _Progress(before, script, turn_wait)
            result = await _converse(bench, scripted, key, progress, judge, paced=_is_paced(scenario))
            record = bench.switchboard.records.get(file.spec.name, key)
            missed = await analysis.check(bench, key, scenario, record) if result.passed else []
            if scenario.variables:
                await wait_for_end(record)
    seconds = round(time.monotonic() - began, 3)
    outcome = _outcome(result, record, scenario, spec, place, seconds, before, judged=judged)
    outcome = outcome.despite(cassette_library.misfits).with_failures(missed)
    return explain(outcome, scenario, file.spec, record, script, bench.cast.misplays.pop(key, ()))


async def _converse(
    bench: SharedServers,
    scripted: EvalScriptScenario,
    key: str,
    progress: _Progress,
    judge: EvalJudge | None,
    *,
    paced: bool,
) -> EvalScriptResult:
    """Have the harness call the agent that is known as ``key``."""
    params = EvalSessionParams(default_timeout_ms=TIMEOUT_MS)
    address = f"ws://{bench.address}/{key}/eval?call={key}{f'&pace={PACE}' if paced else ''}"
    session = EvalScriptSession.from_scenario(scripted, address, params=params, judge=judge)
    session.add_event_handler("on_progress", progress.note)
    attend_turns(session, progress.begin, progress.end)
    return await session.run()


def _is_paced(scenario: Scenario) -> bool:
    """An agent that is to be interrupted takes its time."""
    return any(turn.send_after for turn in scenario.turns)


def _outcome(
    result: EvalScriptResult,
    record: CallRecord | None,
    scenario: Scenario,
    spec: str,
    place: str,
    seconds: float,
    before: int,
    *,
    judged: bool,
) -> Outcome:
    times = first_audio(record.transcript) if record else []
    failures = [_failure(failure, scenario, before) for failure in result.failures]
    if not failures and not result.skipped:
        failures = check(scenario, record, times) + interruptions(scenario, record)
    return Outcome(
        spec,
        scenario.name,
        "skipped" if result.skipped else "failed" if failures or not result.passed else "passed",
        seconds,
        place,
        reason=result.skipped or "",
        failures=tuple(failures),
        unjudged=() if judged else tuple(_criteria(scenario)),
        conversation=tuple(record.transcript) if record else (),
        turns=len(scenario.turns),
        first_audio=tuple(times),
    )


def _failure(failure: EvalAssertionFailure, scenario: Scenario, before: int) -> Failure:
    turn, number = failure.turn_index - before, failure.expectation_index
    expected = failure.event_name
    if 0 <= turn < len(scenario.turns) and 0 <= number < len(scenario.turns[turn].expect):
        expected = describe(scenario.turns[turn].expect[number])
    return Failure(turn + 1, number + 1, expected, failure.reason, failure.kind)


def _criteria(scenario: Scenario) -> list[str]:
    return [one.eval for turn in scenario.turns for one in turn.expect if one.eval]
