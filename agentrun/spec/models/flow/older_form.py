"""Flows in older formats: of the ``pipecat-ai-flows`` package, and of its editor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Where = tuple[str | int, ...]
Move = Callable[[Where, Where], None]
"""Tells that what stood at the first place stands at the second."""
Change = tuple[Where, str]
MESSAGE = "this flow is in the older form of Pipecat Flows"
_CALLBACK = "`transition_to` with the node's name for `transition_callback`"
_DECISION = "`transition_to: {field: …, cases: …}`, by a tool's result, for `decision`"
_ROLE = "`role_message: …`, one text, for `role_messages`"
_OF_A_TOOL = ("handler", "parameters", "properties", "required")
_OF_THE_EDITOR = ("$id", "$schema", "meta", "context", "edges")
_REFERENCE = "__function__:"


def rewrite(flow: Any, move: Move = lambda *_: None) -> Iterator[Change]:
    """Put ``flow``, as it was read, into today's form; what a person has to change, and where it stands.

    What means the same in both forms is not told. A function without code that takes nothing only leads on;
    any other is a tool of the agent's, which brings its description and its parameters itself.

    >>> flow = {"nodes": {"a": {"role_messages": [{"role": "system", "content": "You sell."}]}}}
    >>> list(rewrite(flow)), flow
    ([], {'nodes': {'a': {'role_message': 'You sell.'}}})
    """
    if not isinstance(flow, dict):
        return
    is_older = _is_older(flow)
    _name_nodes(flow, move)
    nodes = flow.get("nodes")
    named: dict[Any, Any] = nodes if isinstance(nodes, dict) else {}
    for name, node in named.items():
        if isinstance(node, dict):
            where: Where = ("nodes", name)
            yield from _role(node, where)
            _strategy(node)
            if "messages" in node and "task_messages" not in node:
                node["task_messages"] = node.pop("messages")
                move((*where, "messages"), (*where, "task_messages"))
            _actions(node)
            if is_older:
                yield from _functions(node, "functions", where, named, move)
    if is_older:
        yield from _functions(flow, "global_functions", (), named, move)


def _is_older(flow: dict[str, Any]) -> bool:
    """Whether a flow has what only the older forms have."""
    if "edges" in flow or isinstance(nodes := flow.get("nodes"), list):
        return True
    listed = [flow, *(nodes.values() if isinstance(nodes, dict) else ())]
    keys = {key for node in listed if isinstance(node, dict) for key in node}
    functions = [
        function
        for node in listed
        if isinstance(node, dict)
        for key in ("functions", "global_functions")
        for function in _listed(node.get(key))
        if isinstance(function, dict)
    ]
    of_functions = {key for function in functions for key in function}
    older = {"function", "next_node_id", "decision", "transition_callback", *_OF_A_TOOL}
    return bool(keys & {"role_messages", "messages"} or of_functions & older)


def _name_nodes(flow: dict[str, Any], move: Move) -> None:
    """The editor's list of nodes as a mapping; the one that is marked as such is the first."""
    nodes = flow.get("nodes")
    if not (isinstance(nodes, list) and nodes and all(map(_is_of_the_editor, nodes))):
        return
    for key in _OF_THE_EDITOR:
        flow.pop(key, None)
    first = next((node for node in nodes if node.get("type") == "initial"), nodes[0])
    flow.setdefault("initial_node", first["id"])
    flow["nodes"] = {}
    for index, node in enumerate(nodes):
        content = {key: value for key, value in node["data"].items() if key not in ("label", "type")}
        flow["nodes"].setdefault(node["id"], content)
        move(("nodes", index, "data"), ("nodes", node["id"]))


def _is_of_the_editor(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("id"), str) and isinstance(node.get("data"), dict)


def _role(node: dict[str, Any], where: Where) -> Iterator[Change]:
    messages = node.get("role_messages")
    if messages is None or "role_message" in node:
        return
    texts: list[Any] = [one.get("content") for one in _listed(messages) if isinstance(one, dict)]
    del node["role_messages"]
    if texts and all(isinstance(text, str) for text in texts) and len(texts) == len(messages):
        node["role_message"] = "\n\n".join(texts)
    elif messages != []:
        yield (*where, "role_messages"), _ROLE


def _strategy(node: dict[str, Any]) -> None:
    strategy = node.get("context_strategy")
    if not isinstance(strategy, dict) or not strategy.keys() <= {"strategy", "summary_prompt"}:
        return
    if isinstance(kind := strategy.get("strategy"), str):
        node["context_strategy"] = kind.lower()


def _actions(node: dict[str, Any]) -> None:
    for key in ("pre_actions", "post_actions"):
        for action in _listed(node.get(key)):
            if isinstance(action, dict) and str(action.get("handler")).startswith(_REFERENCE):
                action["handler"] = action["handler"].removeprefix(_REFERENCE)


def _functions(
    owner: dict[str, Any], key: str, where: Where, nodes: dict[Any, Any], move: Move
) -> Iterator[Change]:
    for index, function in enumerate(_listed(owner.get(key))):
        here = (*where, key, index)
        inner = function.get("function") if isinstance(function, dict) else None
        if isinstance(inner, dict):
            move((*here, "function"), here)
            function = owner[key][index] = inner
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            yield from _function(function, here, nodes, move)


def _function(function: dict[str, Any], where: Where, nodes: dict[Any, Any], move: Move) -> Iterator[Change]:
    """A function of its own schema: what a tool of the agent's is, or only a way to the next node."""
    for key, change in (("transition_callback", _CALLBACK), ("decision", _DECISION)):
        if function.pop(key, None) is not None:
            yield where, change
            function.pop("description", None)
    if (target := function.pop("next_node_id", None)) is not None:
        move((*where, "next_node_id"), (*where, "transition_to"))
    handler = function.pop("handler", None)
    schema = function.pop("parameters", None)
    takes = schema.get("properties") if isinstance(schema, dict) else None
    takes = function.pop("properties", None) or takes
    function.pop("required", None)
    if target is None and not handler and not takes and function["name"] in nodes:
        target = function["name"]
    if target is not None:
        function.setdefault("transition_to", target)
    if function.get("transition_only"):
        return
    description = function.pop("description", None)
    if not handler and not takes and isinstance(function.get("transition_to"), str) and description:
        function |= {"transition_only": True, "description": description}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def hint(changes: list[str]) -> str:
    """The changes as one sentence, each once."""
    return "write " + "; ".join(dict.fromkeys(changes))
