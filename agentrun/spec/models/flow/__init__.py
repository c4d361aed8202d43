"""``flow:`` in a spec: a conversation from node to node."""

from agentrun.spec.models.flow.actions import BUILT_IN_WORDS, FlowAction
from agentrun.spec.models.flow.flow import END, Flow
from agentrun.spec.models.flow.functions import FlowBranch, FlowFunction, as_case
from agentrun.spec.models.flow.node import FlowMessage, FlowNode

__all__ = [
    "BUILT_IN_WORDS",
    "END",
    "Flow",
    "FlowAction",
    "FlowBranch",
    "FlowFunction",
    "FlowMessage",
    "FlowNode",
    "as_case",
]
