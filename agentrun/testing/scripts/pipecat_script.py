"""Converts a test to the format of Pipecat's eval harness."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import yaml
from pipecat.evals.scenario import EvalLoadedScenario, EvalScenarioFile, EvalScriptScenario

from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.same_values import ExpectedValue

_ANSWERS = ("response", "llm_response")
_GOODBYE_MS = 20_000
_OURS = {"llm", "tools", "budget", "extract"}
_SCRIPTED = {"name", "context", "stop_on_failure", "turns", "user", "judge"}
_SIMULATED = {"turns", "depth", "stop_on_failure", "context"}


def load(scenario: Scenario, folder: Path, *, judged: bool, greets: bool) -> EvalLoadedScenario:
    """Pipecat's own scenario; its files' names are looked for in ``folder``.

    What only a judge can say is left out unless ``judged``. A caller who is greeted listens first.
    """
    data = as_pipecat(scenario, folder, judged=judged)
    if greets and waits_for_greeting(scenario):
        data["turns"].insert(0, {"expect": [{"event": "response"}]})
    _hear_out(data.get("turns", []))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "tests.yaml"
        path.write_text(yaml.safe_dump({"name": "test", "scenarios": [data]}), encoding="utf-8")
        loaded: list[EvalLoadedScenario] = EvalScenarioFile.load(path).scenarios
    _tell_flags_from_numbers(loaded[0])
    return loaded[0]


def _tell_flags_from_numbers(scenario: EvalLoadedScenario) -> None:
    """Pipecat compares arguments as Python does, to which ``true`` is 1."""
    turns = scenario.turns if isinstance(scenario, EvalScriptScenario) else ()
    for call in (call for turn in turns for one in turn.expect for call in one.calls or ()):
        call.args = call.args and {key: ExpectedValue(value) for key, value in call.args.items()}


def _hear_out(turns: list[dict[str, Any]]) -> None:
    """A caller who does not interrupt lets the agent finish before the next turn."""
    for turn, following in itertools.pairwise(turns):
        answered = any(one["event"] in _ANSWERS and not one.get("absent") for one in turn["expect"])
        if answered and "user" in following and "send_after" not in following:
            turn["expect"].append({"event": "bot_stopped_speaking", "check_from": "turn_start"})


def waits_for_greeting(scenario: Scenario) -> bool:
    """Whether the caller begins, and not by interrupting."""
    first = scenario.turns[0] if scenario.turns else None
    return first is not None and bool(first.words or first.dtmf) and first.send_after is None


def as_pipecat(scenario: Scenario, folder: Path, *, judged: bool) -> dict[str, Any]:
    """``scenario`` without what is agentrun's own.

    >>> as_pipecat(Scenario(name="hello", turns=({"user": "Hello"},)), Path(), judged=False)["turns"]
    [{'user': 'Hello', 'expect': []}]
    """
    data = scenario.model_dump(mode="json", exclude_unset=True)
    if scenario.persona:
        return {key: value for key, value in data.items() if key not in _SIMULATED}
    script = {key: value for key, value in data.items() if key in _SCRIPTED}
    script["turns"] = [_turn(turn, folder, judged=judged) for turn in data["turns"]]
    if scenario.ended_by:
        # time for the agent to say goodbye and go
        script["turns"].append({"expect": [{"event": "image", "absent": True, "within_ms": _GOODBYE_MS}]})
    return script


def _turn(turn: dict[str, Any], folder: Path, *, judged: bool) -> dict[str, Any]:
    script = {key: value for key, value in turn.items() if key not in _OURS}
    for key in ("audio", "image"):
        if script.get(key):
            script[key] = str((folder / script[key]).resolve())
    expectations = (_expectation(one, judged=judged) for one in turn.get("expect") or ())
    script["expect"] = [one for one in expectations if one is not None]
    return script


def _expectation(one: dict[str, Any], *, judged: bool) -> dict[str, Any] | None:
    """``one`` without its ``eval:``; the rest of it must still happen."""
    if judged or one.get("eval") is None:
        return one
    return {key: value for key, value in one.items() if key != "eval"}
