"""Checks a flow's graph: dead ends, unreachable nodes, and unknown names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from agentrun.errors import Problem, SpecError
from agentrun.spec.checks import flow_texts
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.flow import END, Flow, FlowFunction
from agentrun.spec.models.telephone_keys import Keys

_ENDS = (END, "hang_up", "hangup", "end_call", "end_conversation", "stop", "quit", "exit")
_TYPES = ("tts_say", "end_conversation", "function")
Finding = tuple[Where, str, str]


def check(file: SpecFile, tools: Sequence[str], mentioned: Collection[str] = ()) -> list[Problem]:
    """Every mistake in the flow of ``file``, whose agent has ``tools``; what only puzzles is a warning.

    ``mentioned`` are the words that the code of its tools has, which may set variables of these names.
    """
    flow = file.spec.flow
    if flow is None:
        return []
    texts = flow_texts.check(flow, file.spec)
    wrong = (*_nodes(flow), *_rounds(flow), *_functions(flow, tools), *texts, *_style(flow, file.spec))
    typos = flow_texts.typos(flow, file.spec, mentioned)
    odd = (*_unreached(flow, file.spec.turns.keys), *_unused(flow, tools), *typos)
    return [
        *(file.problem(("flow", *where), message, hint) for where, message, hint in wrong),
        *(file.problem(("flow", *where), message, hint, "warning") for where, message, hint in odd),
    ]


def require_nodes(file: SpecFile) -> None:
    """Raise SpecError where a way of the flow leads to no node."""
    findings = _nodes(file.spec.flow) if file.spec.flow else ()
    problems = [file.problem(("flow", *where), message, hint) for where, message, hint in findings]
    if problems:
        raise SpecError(problems)


def ways(flow: Flow, node: str) -> Iterator[tuple[FlowFunction, str, str]]:
    """The ways out of ``node``: the function, the case that it takes or nothing, and the next node."""
    for function in flow.nodes[node].functions:
        for where, target in function.targets:
            yield function, str(where[-1]) if len(where) > 1 else "", target


def _nodes(flow: Flow) -> Iterator[Finding]:
    names = list(flow.nodes)
    ends: list[tuple[Where, str]] = [(("initial_node",), flow.initial_node)]
    ends += [
        ((*where, *below), target)
        for where, function in flow.functions()
        for below, target in function.targets
    ]
    ends += [
        (("nodes", name, "keys", "menu", pressed, "to"), target)
        for name, node in flow.nodes.items()
        for pressed, target in (node.keys.ways if node.keys else ())
    ]
    ends += [
        (("nodes", name, *below), target)
        for name, node in flow.nodes.items()
        for below, target in node.ways
        if not flow.ends(target)
    ]
    for where, target in ends:
        if target not in flow.nodes:
            hint = closest(target, names) or f"name one of its nodes: {', '.join(names)}"
            yield where, f"there is no node '{target}'", _end_hint(where, target) or hint


def _end_hint(where: Where, target: str) -> str:
    """What ends the call there, where ``target`` may mean that."""
    if target.lower().replace("-", "_") not in _ENDS:
        return ""
    if "then" in where:
        return f"write {END}"
    return (
        "add a node such as `bye: {say: Goodbye., then: end}`, and name it here: only a `then` ends the call"
    )


def _rounds(flow: Flow) -> Iterator[Finding]:
    """Nodes that go on by themselves, and come back to themselves without anybody being waited for."""
    told: set[str] = set()
    for name, node in flow.nodes.items():
        for where, target in node.ways:
            round_trip = flow.without_waiting(target)
            if name in round_trip and name not in told:
                told.update(one for one in round_trip if name in flow.without_waiting(one))
                message = f"comes back to '{name}' without waiting for the caller, and would never end"
                yield ("nodes", name, *where), message, "write a node with `task_messages`, or end"


def _functions(flow: Flow, tools: Sequence[str]) -> Iterator[Finding]:
    everywhere = {function.name for function in flow.global_functions}
    seen: set[tuple[Where, str]] = set()
    for where, function in flow.functions():
        name = function.name
        if function.transition_only and name in tools:
            yield (
                (*where, "name"),
                f"'{name}' is one of the agent's tools",
                "choose another name for this way",
            )
        elif not function.transition_only and name not in tools:
            yield (*where, "name"), f"the agent has no tool '{name}'", _tool_hint(name, tools)
        twice = (where[:-1], name) in seen or (where[0] == "nodes" and name in everywhere)
        if twice:
            yield (*where, "name"), f"'{name}' is listed twice here", "remove one of them"
        seen.add((where[:-1], name))
    for where, action in flow.actions():
        if action.tool and action.tool not in tools:
            kinds = "" if action.handler else f"; the built-in types are {', '.join(_TYPES)}"
            hint = closest(action.tool, _TYPES) if not action.handler else ""
            key = "handler" if action.handler else "type"
            message = f"the agent has no tool '{action.tool}'{kinds}"
            yield (*where, key), message, hint or _tool_hint(action.tool, tools)


def _tool_hint(name: str, tools: Sequence[str]) -> str:
    more = "name it under `tools:`"
    return closest(name, tools) or (
        f"name one of its tools: {', '.join(tools)}; or {more}" if tools else more
    )


def _style(flow: Flow, spec: AgentSpec) -> Iterator[Finding]:
    if spec.pipeline.style != "realtime":
        return
    if spec.pipeline.realtime.provider != "openai":
        message = f"{spec.pipeline.realtime.provider}'s realtime models can't follow a flow"
        yield (), message, "write pipeline.style: cascaded, or an openai realtime model"
    for name, node in flow.nodes.items():
        if node.context_strategy == "reset":
            message = "a realtime model keeps its own context"
            yield (
                ("nodes", name, "context_strategy"),
                message,
                "leave it out, or write pipeline.style: cascaded",
            )


def _by_key(keys: Keys | None) -> list[str]:
    """The nodes that a menu leads to."""
    return [target for _, target in keys.ways] if keys else []


def _unreached(flow: Flow, keys: Keys | None) -> Iterator[Finding]:
    """Nodes that no way leads to; ``keys`` are those that hold where a node has none of its own."""
    common = [node for function in flow.global_functions for _, node in function.targets]
    reached, ahead = set(), [flow.initial_node, *common]
    while ahead:
        node = ahead.pop()
        if node in flow.nodes and node not in reached:
            reached.add(node)
            ahead += [target for _, _, target in ways(flow, node)]
            ahead += [target for _, target in flow.nodes[node].ways]
            ahead += _by_key(flow.nodes[node].keys or keys)
    for node in flow.nodes:
        if node not in reached:
            yield (
                ("nodes", node),
                f"node '{node}' can't be reached",
                "name it at a `transition_to` or a `then`, or remove it",
            )


def _unused(flow: Flow, tools: Sequence[str]) -> Iterator[Finding]:
    used = {function.name for _, function in flow.functions()}
    used |= {action.tool for _, action in flow.actions() if action.tool}
    idle = [name for name in tools if name not in used]
    if idle:
        message = f"the model is never offered {', '.join(idle)}: no node lists it"
        yield (), message, "add it to a node's functions, or to global_functions"
