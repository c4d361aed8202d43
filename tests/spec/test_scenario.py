"""``tests:`` in a spec, in the format of Pipecat's evals."""

from __future__ import annotations

import typing
from pathlib import Path

import pipecat.evals.script
import pytest
import yaml
from pipecat.evals.scenario import EvalScenarioFile
from pydantic import ValidationError

from agentrun import spec
from agentrun.spec.models.scenarios import Event, Expectation, Move, Scenario, Turn

AGENTS = sorted((Path(__file__).parents[2] / "agents").glob("*[!s].yaml"))


def test_a_turn_says_what_the_model_does() -> None:
    scenario = Scenario.model_validate(
        {
            "name": "scores",
            "turns": [
                {"user": "The scores?", "llm": {"call": "get_scores", "args": {"who": "men"}}},
                {"user": "And now?", "llm": [{"call": "get_scores"}, {"say": "Nothing new."}]},
            ],
        }
    )
    assert [turn.user for turn in scenario.turns] == ["The scores?", "And now?"]
    assert scenario.turns[0].llm == (Move(call="get_scores", args={"who": "men"}),)
    assert [move.say for move in scenario.turns[1].llm] == [None, "Nothing new."]


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"llm": {"say": "a", "call": "b"}}, "write either `say:` or `call:`"),
        ({"llm": {}}, "write either `say:` or `call:`"),
        ({"llm": {"say": "a", "args": {"b": 1}}}, "`args:` belongs to `call:`"),
        ({"user": "a", "dtmf": "1"}, "a turn has either `user:` or `dtmf:`"),
        ({"audio": "a.wav"}, "`audio:` needs `user:`"),
        ({"send_after": {"delay_ms": 5}}, "`send_after:` needs `user:` or `dtmf:`"),
        (
            {"expect": [{"event": "response", "absent": True, "text_contains": "a"}]},
            "`absent: true` can't be",
        ),
    ],
)
def test_a_turn_that_contradicts_itself_is_refused(turn: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Turn.model_validate(turn)


def test_keys_of_the_telephone_may_be_a_number_but_no_letters() -> None:
    assert Turn.model_validate({"dtmf": 123}).dtmf == "123"
    with pytest.raises(ValidationError, match="dtmf"):
        Turn.model_validate({"dtmf": "12a"})


def test_expected_calls_may_be_names_alone() -> None:
    expected = Expectation.model_validate({"event": "function_call", "calls": ["a", {"name": "b"}]})
    assert [call.name for call in expected.calls] == ["a", "b"]


@pytest.mark.parametrize(
    "path", [path for path in AGENTS if spec.load(path).spec.tests], ids=lambda path: path.stem
)
def test_pipecat_reads_the_tests_of_every_example(path: Path, tmp_path: Path) -> None:
    tests = spec.load(path).spec.tests
    scenarios = [test.model_dump(mode="json", exclude_unset=True) for test in tests]
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump({"name": path.stem, "scenarios": scenarios}), encoding="utf-8")
    read = [scenario.name for scenario in EvalScenarioFile.load(file)]
    assert read == [f"{path.stem}/{test.name}" for test in tests]


@pytest.mark.parametrize("event", typing.get_args(Event))
def test_pipecat_documents_every_event(event: str) -> None:
    folder = Path(pipecat.evals.script.__file__).parent
    texts = [(folder / name).read_text(encoding="utf-8") for name in ("script.py", "events.py")]
    assert any(f"{quote}{event}{quote}" in text for text in texts for quote in ("`", '"'))
