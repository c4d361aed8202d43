"""A flow is Pipecat's: the same keys, with the same meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipecat.flows import FlowConfig
from pydantic import BaseModel

from agentrun import spec
from agentrun.errors import SetupError
from agentrun.spec.models import flow
from agentrun.spec.reference import flow_export

OWN = {"extract", "idle", "interruptions", "keys", "llm", "realtime", "say", "stt", "then", "tts"}
"""Keys that Pipecat's flows don't have."""
GOOD = Path(__file__).parent.parent.parent / "specs" / "good" / "flow.yaml"


@pytest.mark.parametrize(
    ("ours", "pipecats"),
    [
        (flow.Flow, FlowConfig),
        (flow.FlowNode, FlowConfig.Node),
        (flow.FlowFunction, FlowConfig.Function),
        (flow.FlowBranch, FlowConfig.Branch),
        (flow.FlowMessage, FlowConfig.Message),
    ],
)
def test_the_keys_are_those_of_pipecat(ours: type[BaseModel], pipecats: type[BaseModel]) -> None:
    assert set(ours.model_fields) - OWN == set(pipecats.model_fields)


def test_pipecat_takes_what_agentrun_takes() -> None:
    found = spec.load(GOOD).spec.flow
    assert found is not None
    theirs = FlowConfig.model_validate(flow_export.as_data(found))
    assert list(theirs.nodes) == ["start", "end"]
    branch = theirs.nodes["start"].functions[0].transition_to
    assert isinstance(branch, FlowConfig.Branch)
    assert branch.cases == {"true": "end", "3": "start"}


def test_fixed_words_of_a_node_are_an_action_in_pipecat() -> None:
    node = flow.FlowNode.model_validate({"task_messages": "Ask.", "say": "Hello."})
    data = flow_export.as_data(flow.Flow(initial_node="start", nodes={"start": node}))
    theirs = FlowConfig.model_validate(data).nodes["start"]
    assert [action.model_dump()["text"] for action in theirs.pre_actions or ()] == ["Hello."]
    assert theirs.respond_immediately is False


def test_a_node_that_goes_on_by_itself_is_not_in_pipecat() -> None:
    data = {"initial_node": "start", "nodes": {"start": {"say": "Hello.", "then": "end"}}}
    with pytest.raises(SetupError, match="node 'start' goes on by itself"):
        flow_export.as_data(flow.Flow.model_validate(data))


@pytest.mark.parametrize("value", [True, False, "True", "FALSE", 3, "no", None, 2.5])
def test_a_value_is_the_same_case_as_in_pipecat(value: object) -> None:
    from pipecat.flows.config import case_key

    assert flow.as_case(value) == case_key(value)
