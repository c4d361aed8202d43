"""Removes the invalid parts of a spec, so that the rest can be checked in the same run."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from agentrun.spec.loading import included_files, problems
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.loading.yaml.source import at
from agentrun.spec.models.agent import AgentSpec

_MOST_CUTS = 12
"""Rounds in which more is left out; then whole keys of the top are."""
_NEEDED: dict[str, Any] = {"name": "unnamed", "transport": "local", "prompts": included_files.UNREAD}
_LEADS_ON = frozenset(
    {"initial_node", "nodes", "functions", "global_functions", "transition_to", "then", "to"}
)
"""Keys of a flow without which its other nodes are not what they were meant to be."""
_FIELDS = "extract"


def spec(data: dict[str, Any], error: ValidationError) -> AgentSpec | None:
    """The agent of ``data`` without the values that ``error`` is about; None where that is nothing."""
    wrong = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
    return _pruned(copy.deepcopy(data), error) or _without(data, wrong)


def _pruned(data: dict[str, Any], error: ValidationError) -> AgentSpec | None:
    tools = _count(data)
    for _ in range(_MOST_CUTS):
        places = {problems.in_file(item["loc"], data) for item in error.errors(include_url=False)}
        _cut(data, places)
        if _count(data) < tools:
            # without all of its tools, its tests have no meaning
            data.pop("tests", None)
        try:
            return AgentSpec.model_validate({**_NEEDED, **data})
        except ValidationError as again:
            error = again
    return None


def _count(data: dict[str, Any]) -> int:
    return len(tools) if isinstance(tools := data.get("tools"), list) else 0


def _without(data: dict[str, Any], keys: set[str]) -> AgentSpec | None:
    keys |= {"tests"} if "tools" in keys else set()
    rest = {key: value for key, value in data.items() if key not in keys}
    try:
        return AgentSpec.model_validate({**_NEEDED, **rest})
    except ValidationError:
        return None


def _cut(data: dict[str, Any], places: Iterable[Where]) -> None:
    """Leave out what stands at each place, or what lacks something there."""
    for place in sorted(places, key=len, reverse=True):
        where = place
        while where and (where[-1] not in here if isinstance(here := at(data, where[:-1]), dict) else False):
            where = where[:-1]
        if len(where) > 1 and where[0] == "flow" and _leads_on(where):
            where = where[:1]
        if where:
            _leave_out(at(data, where[:-1]), where)


def _leads_on(where: Where) -> bool:
    """Whether other nodes mean something else without a value of a flow: a way, or a whole node."""
    return bool(_LEADS_ON & {*where[2:], where[1]} - ({"nodes"} if len(where) > 3 else set()))


def _leave_out(parent: Any, where: Where) -> None:
    key = where[-1]
    if isinstance(parent, list) and isinstance(key, int):
        # what follows would be told at the place of another entry
        del parent[key:]
    elif isinstance(parent, dict) and len(where) > 1 and where[-2] == _FIELDS:
        parent[key] = "string"
    elif isinstance(parent, dict):
        parent.pop(key, None)
