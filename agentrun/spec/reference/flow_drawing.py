"""Draws a flow in Mermaid or Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from agentrun.spec.models.conditions import ConditionalWay
from agentrun.spec.models.flow import Flow, FlowFunction
from agentrun.spec.models.telephone_keys import Keys

ANYWHERE = "anywhere"


def mermaid(flow: Flow, keys: Keys | None = None) -> str:
    """A flow chart in Mermaid, whose syntax is at mermaid.js.org/syntax/flowchart.html.

    ``keys`` are the agent's, which hold at each node that has none of its own.

    >>> nodes = {"a": {"task_messages": ["Ask."]}}
    >>> print(mermaid(Flow.model_validate({"initial_node": "a", "nodes": nodes})))
    flowchart TD
      begin((begin)) --> n0["a"]
    """
    ids = {name: f"n{index}" for index, name in enumerate(flow.nodes)}
    lines = ["flowchart TD", f'  begin((begin)) --> {ids[flow.initial_node]}["{_plain(flow.initial_node)}"]']
    lines += [f'  {ids[name]}["{_plain(name)}"]' for name in flow.nodes if name != flow.initial_node]
    for source, label, target in _edges(flow, keys):
        start = f"{ids[source]} -->" if source in ids else f"{ANYWHERE}(({ANYWHERE})) -.->"
        lines.append(f'  {start}|"{_plain(label)}"| {ids[target]}')
    lines += [f"  {ids[name]} --> finish((end))" for name in _ends(flow)]
    return "\n".join(lines)


def dot(flow: Flow, keys: Keys | None = None) -> str:
    """The same for Graphviz."""
    lines = ["digraph flow {", "  node [shape=box, style=rounded, fontname=sans];", "  edge [fontname=sans];"]
    lines += ['  " begin" [shape=circle, label=begin];', f'  " begin" -> {_quoted(flow.initial_node)};']
    lines += [f"  {_quoted(name)};" for name in flow.nodes]
    for source, label, target in _edges(flow, keys):
        style = "" if source else ", style=dashed"
        start = _quoted(source) if source else f'" {ANYWHERE}"'
        lines.append(f"  {start} -> {_quoted(target)} [label={_quoted(label)}{style}];")
    for name in _ends(flow):
        lines.append(f'  {_quoted(name)} -> " end";')
    if _ends(flow):
        lines.append('  " end" [shape=doublecircle, label=end];')
    return "\n".join([*lines, "}"])


def _edges(flow: Flow, keys: Keys | None) -> Iterator[tuple[str, str, str]]:
    """Node, label and next node; no node for what may be done anywhere."""
    for function in flow.global_functions:
        yield from (("", *way) for way in _ways(function))
    for name, node in flow.nodes.items():
        for function in node.functions:
            yield from ((name, *way) for way in _ways(function))
        by_key = node.keys or (None if node.then else keys)
        for pressed, target in by_key.ways if by_key else ():
            yield name, f"key {pressed}", target
        for where, target in node.ways:
            if not flow.ends(target):
                yield name, _condition(node.then, where) or "then", target


def _ways(function: FlowFunction) -> Iterator[tuple[str, str]]:
    for where, target in function.targets:
        yield f"{function.name}{_case(function, where)}", target


def _case(function: FlowFunction, where: tuple[str | int, ...]) -> str:
    """By what the way at ``where`` below ``function`` is taken."""
    if len(where) == 1:
        return ""
    if isinstance(function.transition_to, tuple):
        return f" {_condition(function.transition_to, where)}"
    return " else" if where[-1] == "default" else f" = {where[-1]}"


def _condition(ways: str | tuple[ConditionalWay, ...] | None, where: tuple[str | int, ...]) -> str:
    """The variables by which the way at ``where`` is taken; nothing where there are no others."""
    if not isinstance(ways, tuple):
        return ""
    when = ways[int(where[1])].when
    return "if " + ", ".join(when) if when else "else"


def _ends(flow: Flow) -> list[str]:
    """The nodes that end the call."""
    return [
        name
        for name, node in flow.nodes.items()
        if any(action.type == "end_conversation" for action in (*node.pre_actions, *node.post_actions))
        or any(flow.ends(target) for _, target in node.ways)
    ]


def _plain(text: str) -> str:
    """Text for Mermaid's quotes."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("\n", " ")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
