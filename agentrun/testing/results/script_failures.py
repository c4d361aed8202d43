"""Where a call departed from a test's script: tools not offered, answers missing, unused keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentrun.records import CallRecord
from agentrun.spec.checks import telephone_keys
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Move, Scenario, Turn
from agentrun.testing.results.outcome import Failure, Outcome
from agentrun.testing.scripts.progress import ScriptProgress

NO_ANSWER_LEFT = "no_answer_left"
_BROKEN = ("failed", "timeout")
_OF_THE_CALLER = ("user_", "vad_user_", "function_call")


def explain(
    outcome: Outcome,
    scenario: Scenario,
    spec: AgentSpec,
    record: CallRecord | None,
    progress: ScriptProgress,
    misplays: Sequence[Failure],
) -> Outcome:
    """``outcome``, failed by what the script could not do; ``misplays`` are the model's.

    What a test says must have happened, whether it looks at it or not: a move that was never made fails it.
    """
    if outcome.status == "skipped":
        return outcome
    failures = list(_once_a_turn(misplays, scenario, failed=outcome.status == "failed"))
    if record is not None:
        failures += _unsaid(scenario, record, progress)
        failures += (Failure(0, 0, "the flow goes on", step, "failed_step") for step in record.failed_steps)
        failures += _stray_keys(scenario, spec, record, failed=outcome.status == "failed")
        failures += _broken(scenario, record, progress)
    explained = {failure.turn for failure in failures}
    failures += (one for one in _unmade(record, progress) if one.turn not in explained)
    failures += _without_result(progress)
    failures += _refused(scenario, record, progress)
    return outcome.with_failures(failures)


def _once_a_turn(misplays: Sequence[Failure], scenario: Scenario, *, failed: bool) -> Iterator[Failure]:
    """What the model could not do; at a turn of which only a call is expected, words may be missing."""
    turns: set[int] = set()
    for misplay in misplays:
        missing = misplay.kind == NO_ANSWER_LEFT
        if missing and (misplay.turn in turns or not (failed or _is_answered(scenario.turns, misplay.turn))):
            continue
        turns |= {misplay.turn} if missing else set()
        yield misplay


def _is_answered(turns: Sequence[Turn], number: int) -> bool:
    """Whether an answer is due at a turn, counted from 1: unless the test looks at something else alone."""
    expected = turns[number - 1].expect if number <= len(turns) else ()
    return not expected or any(
        not one.absent and not one.event.startswith(_OF_THE_CALLER) for one in expected
    )


def _unsaid(scenario: Scenario, record: CallRecord, progress: ScriptProgress) -> Iterator[Failure]:
    """Turns at which the caller speaks when the call is over."""
    for number in sorted(progress.over_before):
        turn = scenario.turns[number]
        if turn.words is not None or turn.dtmf:
            does = f"says {turn.words!r}" if turn.words is not None else f"presses {turn.dtmf}"
            yield Failure(number + 1, 0, f"the caller {does}", _over(record), "never_said")


def _unmade(record: CallRecord | None, progress: ScriptProgress) -> Iterator[Failure]:
    """The moves of the turns so far that the model was never asked for."""
    if not progress.is_played:
        return
    for number in range(progress.last + 1):
        left = () if progress.is_cut(number) else progress.left(number)
        if left:
            why = _over(record) if record and record.ended else "the model was not asked for it"
            yield Failure(number + 1, 0, f"the model {_doing(left[0])}", f"{why}{_more(left)}", "never_made")


def _doing(move: Move) -> str:
    return f"calls {move.call}" if move.call else f"says {move.say!r}"


def _more(left: Sequence[Move]) -> str:
    return f"; nor for the {len(left) - 1} after it" if len(left) > 1 else ""


def _over(record: CallRecord) -> str:
    end = f"the call was over: ended by {record.ended_by}"
    return f"{end}, {record.reason}" if record.reason else end


def _without_result(progress: ScriptProgress) -> Iterator[Failure]:
    for run in progress.without_result:
        expected = f"a result of {run.name} for {dict(run.arguments)}"
        yield Failure(run.turn + 1, 0, expected, f"{run.misfit} Add one under `tools:`", "no_result")


def _broken(scenario: Scenario, record: CallRecord, progress: ScriptProgress) -> Iterator[Failure]:
    """Tools that broke, or took longer than they may; not those whose results the test gives."""
    given = {name for turn in scenario.turns for name in turn.tools}
    for entry in record.transcript:
        if entry.who == "tool" and entry.status in _BROKEN and entry.name not in given:
            turns = [run.turn for run in progress.runs if run.name == entry.name]
            number = turns[0] + 1 if turns else 0
            yield Failure(number, 0, f"{entry.name} gives a result", entry.text, "broken_tool")


def _refused(scenario: Scenario, record: CallRecord | None, progress: ScriptProgress) -> Iterator[Failure]:
    """Tools that a test expects to be called, and that were refused before they ran."""
    asked_first = {e.name for e in record.transcript if e.status == "unconfirmed"} if record else set()
    for number, turn in enumerate(scenario.turns):
        for position, name in _expected_calls(turn):
            runs = [run for run in progress.runs if run.name == name and run.turn <= number]
            ran = [run.turn for run in runs if not run.misfit]
            misfits = [run.misfit for run in runs if run.misfit and run.turn == number]
            if misfits and number not in ran:
                reason = f"it was refused: {misfits[0]}"
                yield Failure(number + 1, position, f"{name} runs", reason, "refused")
            elif name in asked_first and not ran:
                reason = "it did not run: the caller had to confirm it first"
                yield Failure(number + 1, position, f"{name} runs", reason, "refused")


def _expected_calls(turn: Turn) -> Iterator[tuple[int, str]]:
    for position, one in enumerate(turn.expect, 1):
        if one.event == "function_call" and not one.absent:
            names = [call.name for call in one.calls] or ([one.name] if one.name else [])
            yield from ((position, name) for name in names)


def _stray_keys(
    scenario: Scenario, spec: AgentSpec, record: CallRecord, *, failed: bool
) -> Iterator[Failure]:
    """The keys of turns that nobody took, where something was to come of them or the test has failed."""
    nobody_took = [press.keys for press in record.keypad]
    for number, turn in enumerate(scenario.turns, 1):
        if turn.dtmf in nobody_took and (turn.llm or not turn.expect or failed):
            nobody_took.remove(turn.dtmf)
            yield Failure(number, 0, f"the keys {turn.dtmf} are taken", _no_keys(spec), "stray_keys")


def _no_keys(spec: AgentSpec) -> str:
    places = [".".join(str(part) for part in where) for where, _ in telephone_keys.places(spec)]
    there = f"keys mean something at {', '.join(places)}" if places else "the spec has no `keys:`"
    where = "`turns.keys` or the node's `keys`" if spec.flow else "`turns.keys`"
    return (
        f"no keys are asked for there, and no tool was collecting any; {there}. Add {where}, or use `user:`"
    )
