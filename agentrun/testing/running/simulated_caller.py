"""Runs a test with a simulated caller: a persona with a goal, played by the spec's judge."""

from __future__ import annotations

from dataclasses import replace

from pipecat.evals.scenario import EvalSimulationScenario
from pipecat.evals.simulation_session import EvalSimulationSession

from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.outcome import Failure, Outcome
from agentrun.testing.running import judges
from agentrun.testing.running.cassettes import loaded
from agentrun.testing.running.shared_servers import SharedServers
from agentrun.testing.scripts.progress import ScriptProgress


async def run(
    bench: SharedServers,
    file: SpecFile,
    scenario: Scenario,
    persona: EvalSimulationScenario,
    outcome: Outcome,
) -> Outcome:
    """``outcome`` with what came of it; skipped where there is no model that could play and judge."""
    judge, caller = judges.judge(bench, file), judges.caller(bench, file)
    if judge is None or caller is None:
        return replace(outcome, reason="a simulated caller needs --live, and a `judge:` in the spec")
    failures: list[Failure] = []
    async with loaded(bench, file, scenario, "text") as cassette_library:
        for number in range(1, scenario.runs + 1):
            with bench.set_up(file, scenario, ScriptProgress(()), base_url=cassette_library.base_url) as key:
                address = f"ws://{bench.address}/{key}/eval?call={key}"
                session = EvalSimulationSession.from_scenario(
                    persona, address, persona_llm=caller, judge=judge
                )
                result = await session.run()
                record = bench.switchboard.records.get(file.spec.name, key)
            outcome = replace(
                outcome,
                seconds=outcome.seconds + result.duration_ms / 1000,
                # of several calls the one that failed is shown
                conversation=outcome.conversation if failures else tuple(record.transcript if record else ()),
                turns=outcome.turns + result.turns,
            )
            if not result.passed:
                failures.append(_failure(scenario, number, result.failure or ""))
    return replace(outcome, status="failed" if failures else "passed", failures=tuple(failures))


def _failure(scenario: Scenario, number: int, reason: str) -> Failure:
    which = f"call {number} of {scenario.runs}: " if scenario.runs > 1 else ""
    return Failure(0, 0, scenario.success or "the goal", f"{which}{reason}", "judge_no")
