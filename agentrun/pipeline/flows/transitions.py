"""Which node follows a function of a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.tools import functions
from agentrun.spec.models.conditions import ConditionalWay
from agentrun.spec.models.flow import FlowBranch, FlowFunction, FlowNode, as_case
from agentrun.spec.values import conditions, placeholders
from agentrun.tools.results import saved_values
from agentrun.tools.results.outcome import Outcome


class FlowStepError(Exception):
    """A flow can't move to its next node."""


async def following(
    function: FlowFunction,
    ran: Outcome | None,
    names: Callable[[], Mapping[str, Any]],
    listener: SessionListener,
) -> str | None:
    """The node after ``function``, whose tool ``ran`` where it has one; None stays.

    Raises FlowStepError where a field of the result is branched on that is not there. A way that goes by a
    variable which is being read from the caller's last words waits a moment for it.
    """
    to = function.transition_to
    if isinstance(to, FlowBranch):
        return _by_result(function.name, to, _result(ran) if ran else None)
    if not isinstance(to, tuple):
        return to
    await listener.settled([path for way in to for path in way.when or ()])
    return _by_variables(to, names(), listener)


def by_itself(node: FlowNode, values: Mapping[str, Any]) -> str | None:
    """Where a node goes on to without the model; None where it waits for the caller."""
    return conditions.first(node.then, values) if isinstance(node.then, tuple) else node.then


def entered_before(node: FlowNode, role: str | None) -> FlowNode:
    """A node that another process has entered: all it does anew is speak, as ``role``, and end the call."""
    ends = tuple(action for action in node.post_actions if action.type == "end_conversation")
    quiet = {"pre_actions": (), "post_actions": ends, "role_message": role, "context_strategy": None}
    return node.model_copy(update=quiet)


@contextmanager
def on_the_way(listener: SessionListener) -> Iterator[None]:
    """While a step waits, such as for a field that is read, no answer is late; then one is due."""
    way = listener.way_began()
    try:
        yield
    finally:
        listener.way_ended(way, "model")


async def fill_in(
    node: FlowNode, names: Callable[[], Mapping[str, Any]], listener: SessionListener, state: dict[str, Any]
) -> None:
    """Put everything that the node's texts name into ``state``; raises MissingValueError."""
    paths = [path for text in node.texts for path in placeholders.names(text)]
    missing = [path for path in paths if conditions.value_of(path, names()) is None]
    if missing:
        await listener.settled(missing)
    state.update(names())
    for text in node.texts:
        placeholders.fill(text, state)


def _by_variables(
    ways: tuple[ConditionalWay, ...], values: Mapping[str, Any], listener: SessionListener
) -> str | None:
    for trouble in conditions.troubles(ways, values):
        listener.noted(f"not_compared: {trouble}")
    return conditions.first(ways, values)


def _result(ran: Outcome) -> object:
    """The whole result, as JSON has it; of a run that only its words are left of, what they say."""
    whole = saved_values.jsonable(ran.data)
    return whole if isinstance(whole, Mapping) else functions.as_data(ran.text)


def _by_result(name: str, branch: FlowBranch, data: object) -> str | None:
    """The node for the result of the tool ``name``; None stays. Raises FlowStepError without the field."""
    if not isinstance(data, Mapping) or branch.field not in data:
        raise FlowStepError(f"'{name}' branches on '{branch.field}', and its result has no such field")
    value = data[branch.field]
    # APIs give 3.0 where they mean 3
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return branch.cases.get(as_case(value), branch.cases.get(as_case(whole), branch.default))
