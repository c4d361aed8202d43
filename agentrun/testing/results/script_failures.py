"""Where a test's script and its call part: calls not offered, answers missing, keys that nobody takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentrun.records import CallRecord
from agentrun.spec.checks import telephone_keys
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Scenario, Turn
from agentrun.testing.results.outcome import Failure, Outcome

NO_ANSWER_LEFT = "no_answer_left"
_OF_THE_CALLER = ("user_", "vad_user_", "function_call")


def explain(
    outcome: Outcome,
    scenario: Scenario,
    spec: AgentSpec,
    record: CallRecord | None,
    misplays: Sequence[Failure],
) -> Outcome:
    """``outcome``, failed by what the script could not do; ``misplays`` are the model's.

    An answer that is missing where the test looks at none only explains what has failed.
    """
    failed = outcome.status == "failed"
    failures = list(_once_a_turn(misplays, scenario, failed=failed))
    if record is not None:
        failures += _stray_keys(scenario, spec, record, failed=failed)
    return outcome.with_failures(failures)


def _once_a_turn(misplays: Sequence[Failure], scenario: Scenario, *, failed: bool) -> Iterator[Failure]:
    turns: set[int] = set()
    for misplay in misplays:
        missing = misplay.kind == NO_ANSWER_LEFT
        if missing and (misplay.turn in turns or not (failed or _is_answered(scenario.turns, misplay.turn))):
            continue
        turns |= {misplay.turn} if missing else set()
        yield misplay


def _is_answered(turns: Sequence[Turn], number: int) -> bool:
    """Whether the test looks at the agent's words at a turn, counted from 1."""
    expected = turns[number - 1].expect if number <= len(turns) else ()
    return any(not one.absent and not one.event.startswith(_OF_THE_CALLER) for one in expected)


def _stray_keys(
    scenario: Scenario, spec: AgentSpec, record: CallRecord, *, failed: bool
) -> Iterator[Failure]:
    """The keys of turns that nobody took, where the model was to answer them or the test has failed."""
    nobody_took = [press.keys for press in record.keypad]
    for number, turn in enumerate(scenario.turns, 1):
        if turn.dtmf in nobody_took and (turn.llm or failed):
            nobody_took.remove(turn.dtmf)
            yield Failure(number, 0, f"the keys {turn.dtmf} are taken", _no_keys(spec), "stray_keys")


def _no_keys(spec: AgentSpec) -> str:
    places = [".".join(str(part) for part in where) for where, _ in telephone_keys.places(spec)]
    there = f"keys mean something at {', '.join(places)}" if places else "the spec has no `keys:`"
    where = "`turns.keys` or the node's `keys`" if spec.flow else "`turns.keys`"
    return (
        f"no keys are asked for there, and no tool was collecting any; {there}. Add {where}, or use `user:`"
    )
