"""Converts a server's tool list for a model, once per listing and within limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from agentrun.spec.values import function_names
from agentrun.tools.arguments.inline_references import flatten
from agentrun.tools.author_errors import AuthoredError, authored

if TYPE_CHECKING:
    from mcp.types import Tool as Listed

MOST_TOOLS = 128
"""What OpenAI takes with a request; a server that lists more brings the first ones."""
MOST_DESCRIPTION = 8_000
MOST_SCHEMA_BYTES = 64_000
"""Of one tool, as it is listed and as it is given to a model."""


@dataclass(frozen=True)
class ListedTool:
    """A tool that a model can be given; ``parameters`` is a JSON Schema without references."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """The tools of a server by name, and in words why others are left out; ``more`` were not looked at."""

    tools: Mapping[str, ListedTool] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)
    more: int = 0


def read(listed: Iterable[Listed]) -> Listing:
    """Look at each tool of a server. Bounded, but it may take some time: not for the event loop."""
    tools: dict[str, ListedTool] = {}
    unusable: dict[str, str] = {}
    entries = list(listed)
    for one in entries[:MOST_TOOLS]:
        name = one.name[:80]
        if reason := _reason(one):
            unusable[name] = reason
            continue
        try:
            tools[name] = _tool(one)
        except _UnreadableError as error:
            unusable[name] = str(error)
    return Listing(tools, unusable, max(0, len(entries) - MOST_TOOLS))


class _UnreadableError(Exception):
    """A schema that no model could be given, and why."""


def _reason(one: Listed) -> str:
    """Why a tool is left out before its schema is read; empty where it is not."""
    if not function_names.can_be_called(one.name):
        return f"'{one.name[:80]}' can't be a tool's name for a model"
    if len(one.description or "") > MOST_DESCRIPTION:
        return f"the description of '{one.name}' has more than {MOST_DESCRIPTION} characters"
    return ""


def _tool(one: Listed) -> ListedTool:
    try:
        with authored():
            _require_short(one.input_schema)
            schema = flatten(one.input_schema, may_hold_itself=True)
            _require_short(schema)
    except AuthoredError as error:
        raise _UnreadableError(f"the parameters of '{one.name}' can't be read: {error}") from None
    parameters = {**schema, "type": "object", **_properties(schema)}
    return ListedTool(one.name, one.description or (one.title or one.name)[:MOST_DESCRIPTION], parameters)


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of ``schema`` and of all its variants, which are all that Pipecat passes on.

    Required is what every variant of them requires: the server checks the arguments anyway.
    """
    given = schema.get("properties")
    properties = dict(given) if isinstance(given, Mapping) else {}
    required = _names(schema.get("required"))
    for key in ("allOf", "anyOf", "oneOf"):
        variants = schema.get(key)
        listed = variants if isinstance(variants, list) else ()
        parts = [_properties(one) for one in listed if isinstance(one, Mapping)]
        for part in parts:
            properties = {**part["properties"], **properties}
        needed = [set(part["required"]) for part in parts]
        if needed:
            required |= set.union(*needed) if key == "allOf" else set.intersection(*needed)
    return {"properties": properties, "required": [name for name in properties if name in required]}


def _names(required: object) -> set[str]:
    return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()


def _require_short(schema: object) -> None:
    size = len(to_json(schema))
    if size > MOST_SCHEMA_BYTES:
        raise ValueError(f"they have {size} bytes, more than {MOST_SCHEMA_BYTES}")
