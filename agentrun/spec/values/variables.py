"""The variables of an agent: those with an initial value, and those that a call sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.tools.extracted_fields import ExtractedField


def extracted(spec: AgentSpec) -> dict[str, ExtractedField]:
    """Every field of the spec that is read from the conversation."""
    return {name: one for _, fields in extracts(spec) for name, one in fields.items()}


def extracts(spec: AgentSpec) -> Iterator[tuple[tuple[str, ...], Mapping[str, ExtractedField]]]:
    """Each ``extract:`` of the spec, and where it stands."""
    yield ("extract",), spec.extract
    for name, node in spec.flow.nodes.items() if spec.flow else ():
        yield ("flow", "nodes", name, "extract"), node.extract


def saved(spec: AgentSpec) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each variable that a tool's result gives a value, and where it is named; one may be there twice."""
    for name in spec.before_call.save if spec.before_call else ():
        yield ("before_call", "save", name), name
    for index, tool in enumerate(spec.tools):
        where: tuple[str | int, ...] = ("tools", index, "mcp") if tool.mcp else ("tools", index)
        for name in (tool.mcp or tool).save:
            yield (*where, "save", name), name


def found_out(spec: AgentSpec) -> dict[str, None]:
    """The variables that a call finds out, in the order of the spec; without one they are null."""
    names = [name for _, name in saved(spec)]
    return dict.fromkeys([*names, *extracted(spec)])


def names_in(data: Mapping[str, Any]) -> list[str]:
    """The same of a spec that has not been validated yet, with those of ``vars:``."""
    flow, tools = data.get("flow"), data.get("tools")
    nodes = flow.get("nodes") if isinstance(flow, dict) else None
    before = data.get("before_call")
    places = [data.get("vars"), data.get("extract"), before.get("save") if isinstance(before, dict) else None]
    places += [node.get("extract") for node in _mappings(nodes.values() if isinstance(nodes, dict) else ())]
    for tool in _mappings(tools if isinstance(tools, list) else ()):
        inner = tool.get("mcp")
        places += [tool.get("save"), inner.get("save") if isinstance(inner, dict) else None]
    return list(dict.fromkeys(str(name) for place in _mappings(places) for name in place))


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    return (value for value in values if isinstance(value, dict))
