"""Names in a flow's texts that have no value when their node is entered."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.flow import Flow
from agentrun.spec.models.telephone_keys import Keys
from agentrun.spec.values import placeholders, variables
from agentrun.spec.values.template_names import CALL_FIELDS, NAMES

Finding = tuple[Where, str, str]


def check(flow: Flow, spec: AgentSpec) -> Iterator[Finding]:
    """Names that have no value when their node is entered, and braces that are filled in by nobody."""
    early = _entered_without_tools(flow, spec.turns.keys)
    for node, where, text in written(flow):
        for code in placeholders.unfilled(text):
            message = f"{{{{ {code} }}}} is not a plain name, and would be spoken literally"
            yield where, message, "write a name alone in the braces, such as {{ order.size }}"
        if rest := placeholders.unclosed(text):
            message = f"{rest!r} is not closed, and would be spoken literally"
            yield where, message, "close the braces: {{ name }}"
        for path in placeholders.names(text):
            if node in early:
                yield from (
                    (where, *finding) for finding in _unknown(path, spec, first=node == flow.initial_node)
                )
    for at, function in flow.functions():
        if "{{" in (function.description or ""):
            message = "nothing is filled in where a function is described: the model would read the braces"
            yield (*at, "description"), message, "write it in the node's `task_messages`, or without the name"


def typos(flow: Flow, spec: AgentSpec, mentioned: Collection[str]) -> Iterator[Finding]:
    """Names that a tool may set on the way, that look like one that is there, and that no tool mentions."""
    early = _entered_without_tools(flow, spec.turns.keys)
    names = [*NAMES, *spec.vars, *variables.found_out(spec)]
    late = [
        (where, path)
        for node, where, text in written(flow)
        for path in placeholders.names(text)
        if node not in early
    ]
    for where, path in late:
        root = path.partition(".")[0]
        if root not in names and root not in mentioned and (hint := closest(root, names)):
            yield where, f"'{root}' is not known here, unless a tool sets it before", hint


def _unknown(path: str, spec: AgentSpec, *, first: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with a name at a node that may be entered before a tool has run; ``first`` is the first.

    A node that names a field of ``extract:`` is not entered before the field has been found.
    """
    root, _, field = path.partition(".")
    names = [*NAMES, *spec.vars]
    if root not in names and root in variables.found_out(spec):
        if first or root not in variables.extracted(spec):
            hint = "give it a first value under `vars:`, or name it at a later node"
            yield f"'{root}' has no value yet when this node is entered", hint
    elif root not in names:
        hint = f"give it a first value under `vars:`; there are: {', '.join(names)}"
        yield f"'{root}' is not known here", closest(root, names) or hint
    elif root == "call" and field.partition(".")[0] not in CALL_FIELDS:
        there = f"write one of: {', '.join(CALL_FIELDS)}"
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


def _entered_without_tools(flow: Flow, keys: Keys | None) -> set[str]:
    """The nodes that a caller may come to before any tool has run, so that none can have set a name.

    ``keys`` are those that hold where a node has none of its own.
    """
    nodes: set[str] = set()
    ahead = [flow.initial_node] if flow.initial_node in flow.nodes else list(flow.nodes)
    while ahead:
        node = ahead.pop()
        if node not in flow.nodes or node in nodes:
            continue
        nodes.add(node)
        if any(action.tool for action in flow.nodes[node].pre_actions):
            continue
        functions = () if flow.nodes[node].then else (*flow.nodes[node].functions, *flow.global_functions)
        ahead += [target for one in functions if one.transition_only for _, target in one.targets]
        ahead += [target for _, target in flow.nodes[node].ways]
        menu = flow.nodes[node].keys or keys
        ahead += [target for _, target in menu.ways] if menu else []
    return nodes


def written(flow: Flow) -> Iterator[tuple[str, Where, str]]:
    """Each text of a flow in which names are filled in: its node, where it stands, and itself."""
    for name, node in flow.nodes.items():
        for index, message in enumerate(node.task_messages):
            yield name, ("nodes", name, "task_messages", index, "content"), message.content
        if node.say:
            yield name, ("nodes", name, "say"), node.say
        if node.role_message:
            yield name, ("nodes", name, "role_message"), node.role_message
    for where, action in flow.actions():
        if action.spoken:
            yield str(where[1]), (*where, "text"), action.spoken
