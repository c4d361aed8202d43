"""Flows in the form that Pipecat Flows had as a package of its own, before it was part of Pipecat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Where = tuple[str | int, ...]
MESSAGE = "this flow is in the older form of Pipecat Flows"
_FUNCTIONS = "`functions: [{name: …, transition_to: …}]` for `{type: function, function: {…}}`"
_TOOL = "a plugin's tool for each `handler`, which brings `description` and `parameters` itself"
_CALLBACK = "`transition_to` with the node's name for `transition_callback`"
_ROLE = "`role_message: …`, one text, for `role_messages`"
_OF_A_TOOL = ("handler", "parameters", "properties", "required")


def rewrite(flow: Any) -> Iterator[tuple[Where, str]]:
    """Put ``flow``, as it was read, into today's form; what a person has to change, and where it stands.

    What means the same in both forms is not told: ``role_messages`` of texts, and
    ``context_strategy: {strategy: reset}``.

    >>> flow = {"nodes": {"a": {"role_messages": [{"role": "system", "content": "You sell."}]}}}
    >>> list(rewrite(flow)), flow
    ([], {'nodes': {'a': {'role_message': 'You sell.'}}})
    """
    if not isinstance(flow, dict):
        return
    nodes = flow.get("nodes")
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        if isinstance(node, dict):
            yield from _role(node, ("nodes", name))
            _strategy(node)
            yield from _functions(node, "functions", ("nodes", name))
    yield from _functions(flow, "global_functions", ())


def _role(node: dict[str, Any], where: Where) -> Iterator[tuple[Where, str]]:
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


def _functions(owner: dict[str, Any], key: str, where: Where) -> Iterator[tuple[Where, str]]:
    for index, function in enumerate(_listed(owner.get(key))):
        here = (*where, key, index)
        inner = function.get("function") if isinstance(function, dict) else None
        if isinstance(inner, dict):
            yield here, _FUNCTIONS
            function = inner
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            yield from _function(function, here)
            owner[key][index] = function


def _function(function: dict[str, Any], where: Where) -> Iterator[tuple[Where, str]]:
    """A function of its own schema: what a tool of the agent's is, or only a way to the next node."""
    callback = function.pop("transition_callback", None)
    if callback is not None:
        yield where, _CALLBACK
    is_tool = any([function.pop(key, None) for key in _OF_A_TOOL])  # noqa: C419 - all of them are taken out
    if is_tool:
        yield where, _TOOL
    if (is_tool or callback is not None) and not function.get("transition_only"):
        function.pop("description", None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def hint(changes: list[str]) -> str:
    """The changes as one sentence, each once."""
    return "write " + "; ".join(dict.fromkeys(changes))
