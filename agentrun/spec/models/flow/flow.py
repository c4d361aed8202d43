"""``flow:`` in a spec: a conversation from node to node, as in Pipecat Flows.

The keys are those of ``pipecat.flows.FlowConfig``, which runs it, and a few more: a flow that was written for
Pipecat can be pasted. Its functions are the agent's tools.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from agentrun.spec.models.base import SpecModel, Text, word
from agentrun.spec.models.flow.actions import FlowAction
from agentrun.spec.models.flow.functions import FlowFunction
from agentrun.spec.models.flow.node import FlowNode

END = "end"
"""Where `then` leads to the end of the call, unless a node has this name."""


class Flow(SpecModel):
    """A conversation in steps, each with its own task and tools."""

    initial_node: Text = Field(description="The node that a call begins with.", examples=["start"])
    nodes: dict[str, FlowNode] = Field(
        min_length=1, description="The nodes by name.", examples=[{"start": {"say": "Hello.", "then": "end"}}]
    )
    global_functions: tuple[Annotated[FlowFunction, word("name")], ...] = Field(
        default=(), description="What the model may do at every node."
    )

    @property
    def speaks_first(self) -> bool:
        """Whether the agent says something before the caller does, at the first node or on from there."""
        return any(self.nodes[name].speaks for name in self.without_waiting(self.initial_node))

    def without_waiting(self, name: str) -> list[str]:
        """The nodes that a caller who comes to ``name`` may pass before anybody waits for them."""
        passed, ahead = [], [name]
        while ahead:
            one = ahead.pop()
            if one in self.nodes and one not in passed:
                passed.append(one)
                ahead += [target for _, target in self.nodes[one].ways]
        return passed

    def is_last(self, name: str) -> bool:
        """Whether nobody waits for the caller any more, whichever way leads on from the node ``name``."""
        return all(self.nodes[passed].then is not None for passed in self.without_waiting(name))

    def ends(self, target: str) -> bool:
        """Whether a `then` that leads to ``target`` ends the call."""
        return target == END and END not in self.nodes

    def functions(self) -> Iterator[tuple[tuple[str | int, ...], FlowFunction]]:
        """Every function, and where below the flow it stands."""
        for index, function in enumerate(self.global_functions):
            yield ("global_functions", index), function
        for name, node in self.nodes.items():
            for index, function in enumerate(node.functions):
                yield ("nodes", name, "functions", index), function

    def actions(self) -> Iterator[tuple[tuple[str | int, ...], FlowAction]]:
        """Every action, and where below the flow it stands."""
        for name, node in self.nodes.items():
            for key, actions in (("pre_actions", node.pre_actions), ("post_actions", node.post_actions)):
                for index, action in enumerate(actions):
                    yield ("nodes", name, key, index), action
