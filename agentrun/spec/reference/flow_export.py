"""Exports a flow in the format of ``pipecat.flows.FlowConfig``."""

from __future__ import annotations

from typing import Any

import yaml

from agentrun.errors import SetupError
from agentrun.spec.models.flow import Flow, FlowAction, FlowBranch, FlowFunction, FlowNode


def as_data(flow: Flow) -> dict[str, Any]:
    """Plain data that Pipecat's ``FlowConfig`` and its JSON Schema accept, without keys that are agentrun's.

    Raises SetupError for a way that goes by variables, and for a node that goes on by itself.
    """
    for name, node in flow.nodes.items():
        if node.then:
            message = f"node '{name}' goes on by itself, and Pipecat's nodes have no `then:`"
            raise SetupError(message, "say its words in a `tts_say` of the nodes that it leads to")
    data: dict[str, Any] = {
        "initial_node": flow.initial_node,
        "nodes": {name: _node(node) for name, node in flow.nodes.items()},
    }
    if flow.global_functions:
        data["global_functions"] = [_function(function) for function in flow.global_functions]
    return data


def as_yaml(flow: Flow) -> str:
    """The same as YAML."""
    return yaml.safe_dump(as_data(flow), sort_keys=False, allow_unicode=True, width=100)


def _node(node: FlowNode) -> dict[str, Any]:
    data: dict[str, Any] = {"role_message": node.role_message} if node.role_message else {}
    data["task_messages"] = [{"role": one.role, "content": one.content} for one in node.task_messages]
    said = (FlowAction(type="tts_say", text=node.say),) if node.say else ()
    for key, actions in (("pre_actions", (*node.pre_actions, *said)), ("post_actions", node.post_actions)):
        if actions:
            data[key] = [_action(action) for action in actions]
    if node.functions:
        data["functions"] = [_function(function) for function in node.functions]
    if node.context_strategy:
        data["context_strategy"] = node.context_strategy
    if node.say or not node.respond_immediately:
        data["respond_immediately"] = False
    return data


def _function(function: FlowFunction) -> dict[str, Any]:
    data: dict[str, Any] = {"name": function.name}
    if function.transition_only:
        data |= {"transition_only": True, "description": function.description}
    to = function.transition_to
    if isinstance(to, FlowBranch):
        data["transition_to"] = to.model_dump(exclude_none=True)
    elif isinstance(to, tuple):
        message = f"'{function.name}' goes by variables, and Pipecat's flows have no `when:`"
        raise SetupError(message, "let a tool give what it goes by, and write `field:` and `cases:`")
    elif to:
        data["transition_to"] = to
    return data


def _action(action: FlowAction) -> dict[str, Any]:
    data: dict[str, Any] = {"type": action.type, **(action.model_extra or {})}
    for key in ("handler", "text"):
        if value := getattr(action, key):
            data[key] = value
    return data if action.append_text_to_context else {**data, "append_text_to_context": False}
