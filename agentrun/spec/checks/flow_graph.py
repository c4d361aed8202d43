"""What can't be in a flow: ways that lead nowhere, nodes that no way leads to, names that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentrun.errors import Problem, SpecError
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.flow import Flow, FlowFunction
from agentrun.spec.values import placeholders
from agentrun.spec.values.template_names import CALL_FIELDS, NAMES

_TYPES = ("tts_say", "end_conversation", "function")
Finding = tuple[Where, str, str]


def check(file: SpecFile, tools: Sequence[str]) -> list[Problem]:
    """Every mistake in the flow of ``file``, whose agent has ``tools``; what only puzzles is a warning."""
    flow = file.spec.flow
    if flow is None:
        return []
    wrong = (*_nodes(flow), *_functions(flow, tools), *_texts(flow, file.spec), *_style(flow, file.spec))
    odd = (*_unreached(flow), *_unused(flow, tools), *_typos(flow, file.spec))
    return [
        *(file.problem(("flow", *where), message, hint) for where, message, hint in wrong),
        *(file.problem(("flow", *where), message, hint, "warning") for where, message, hint in odd),
    ]


def require_nodes(file: SpecFile) -> None:
    """Raise SpecError where a way of the flow leads to no node."""
    found = _nodes(file.spec.flow) if file.spec.flow else ()
    problems = [file.problem(("flow", *where), message, hint) for where, message, hint in found]
    if problems:
        raise SpecError(problems)


def ways(flow: Flow, node: str) -> Iterator[tuple[FlowFunction, str, str]]:
    """The ways out of ``node``: the function, the case that it takes or nothing, and the next node."""
    for function in flow.nodes[node].functions:
        for where, target in function.targets:
            yield function, where[-1] if len(where) > 1 else "", target


def _nodes(flow: Flow) -> Iterator[Finding]:
    known = list(flow.nodes)
    ends: list[tuple[Where, str]] = [(("initial_node",), flow.initial_node)]
    ends += [
        ((*where, *below), node) for where, function in flow.functions() for below, node in function.targets
    ]
    for where, node in ends:
        if node not in flow.nodes:
            hint = closest(node, known) or f"the nodes are: {', '.join(known)}"
            yield where, f"there is no node '{node}'", hint


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
            yield (*where, "name"), f"'{name}' stands here a second time", "remove one of them"
        seen.add((where[:-1], name))
    for where, action in flow.actions():
        if action.tool and action.tool not in tools:
            kinds = "" if action.handler else f"; the built-in types are {', '.join(_TYPES)}"
            hint = closest(action.tool, _TYPES) if not action.handler else ""
            key = "handler" if action.handler else "type"
            message = f"the agent has no tool '{action.tool}'{kinds}"
            yield (*where, key), message, hint or _tool_hint(action.tool, tools)


def _tool_hint(name: str, tools: Sequence[str]) -> str:
    return closest(name, tools) or f"its tools are: {', '.join(tools) or 'none'}; name more under `tools:`"


def _texts(flow: Flow, spec: AgentSpec) -> Iterator[Finding]:
    """Names that have no value when their node is entered, and braces that are filled in by nobody."""
    early = _entered_without_tools(flow)
    for node, where, text in _written(flow):
        for code in placeholders.unfilled(text):
            message = f"{{{{ {code} }}}} is no name, and would be said as it stands"
            yield where, message, "in a flow's texts braces hold a name alone, such as {{ order.size }}"
        for path in placeholders.names(text):
            if node in early:
                yield from ((where, *found) for found in _unknown(path, spec))


def _typos(flow: Flow, spec: AgentSpec) -> Iterator[Finding]:
    """Names that a tool may set on the way, and that look like one that is there."""
    early = _entered_without_tools(flow)
    written = [
        (where, path)
        for node, where, text in _written(flow)
        for path in placeholders.names(text)
        if node not in early
    ]
    for where, path in written:
        root = path.partition(".")[0]
        known = [*NAMES, *spec.vars]
        if root not in known and (hint := closest(root, known)):
            yield where, f"'{root}' is not known here, unless a tool sets it before", hint


def _unknown(path: str, spec: AgentSpec) -> Iterator[tuple[str, str]]:
    root, _, field = path.partition(".")
    known = [*NAMES, *spec.vars]
    if root not in known:
        hint = f"give it a first value under `vars:`; there are: {', '.join(known)}"
        yield f"'{root}' is not known here", closest(root, known) or hint
    elif root == "call" and field.partition(".")[0] not in CALL_FIELDS:
        there = f"call has: {', '.join(CALL_FIELDS)}"
        yield f"'{path}' is not known here", closest(field, CALL_FIELDS) or there
    elif root in spec.vars and field:
        yield from _unknown_inside(path, spec.vars[root])


def _unknown_inside(path: str, value: object) -> Iterator[tuple[str, str]]:
    """A name inside a variable, which has to be a mapping."""
    root, *inside = path.split(".")
    for part in inside:
        if not isinstance(value, dict) or part not in value:
            nested = ": {".join([root, *inside]) + ": …" + "}" * len(inside)
            yield f"'{path}' is not known here", f"give it a first value under `vars:`, as {nested}"
            return
        value = value[part]


def _entered_without_tools(flow: Flow) -> set[str]:
    """The nodes that a caller may come to before any tool has run, so that none can have set a name."""
    found: set[str] = set()
    ahead = [flow.initial_node] if flow.initial_node in flow.nodes else list(flow.nodes)
    while ahead:
        node = ahead.pop()
        if node not in flow.nodes or node in found:
            continue
        found.add(node)
        if any(action.tool for action in flow.nodes[node].pre_actions):
            continue
        functions = (*flow.nodes[node].functions, *flow.global_functions)
        ahead += [str(one.transition_to) for one in functions if one.transition_only]
    return found


def _written(flow: Flow) -> Iterator[tuple[str, Where, str]]:
    """Each text of a flow in which names are filled in: its node, where it stands, and itself."""
    for name, node in flow.nodes.items():
        for index, message in enumerate(node.task_messages):
            yield name, ("nodes", name, "task_messages", index, "content"), message.content
        if node.role_message:
            yield name, ("nodes", name, "role_message"), node.role_message
    for where, action in flow.actions():
        if action.spoken:
            yield str(where[1]), (*where, "text"), action.spoken


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


def _unreached(flow: Flow) -> Iterator[Finding]:
    common = [node for function in flow.global_functions for _, node in function.targets]
    reached, ahead = set(), [flow.initial_node, *common]
    while ahead:
        node = ahead.pop()
        if node in flow.nodes and node not in reached:
            reached.add(node)
            ahead += [target for _, _, target in ways(flow, node)]
    for node in flow.nodes:
        if node not in reached:
            yield (
                ("nodes", node),
                f"no way leads to node '{node}'",
                "name it at a `transition_to`, or remove it",
            )


def _unused(flow: Flow, tools: Sequence[str]) -> Iterator[Finding]:
    used = {function.name for _, function in flow.functions()}
    used |= {action.tool for _, action in flow.actions() if action.tool}
    idle = [name for name in tools if name not in used]
    if idle:
        message = f"the model never gets {', '.join(idle)}: no node names it"
        yield (), message, "add it to a node's functions, or to global_functions"
