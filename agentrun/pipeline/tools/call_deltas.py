"""Assembles an answer's tool calls from their deltas, by id and index."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from agentrun.tools.arguments import unreadable_arguments

MOST_CHARACTERS = 256_000
"""Of one call's arguments; longer ones go back to the model as unreadable."""


class ToolCallDelta(Protocol):
    """A piece of a tool call, as ``openai`` reads it; a server may leave out each of its parts."""

    index: int
    id: str | None
    function: Any


@dataclass(frozen=True)
class WholeCall:
    """A call that is ready to run: ``arguments`` is the text of a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass
class _Call:
    index: int | None
    id: str
    name: str = ""
    arguments: str = ""


class ToolCallDeltas:
    """Collects the deltas of one answer.

    ``names`` are the tools that the model may call, which tell a repeated or second name from the rest of a
    first one. ``used`` are ids that the conversation holds already: a server that counts its calls anew in
    each answer would have a result put in the place of an older one. Of an answer with more than
    ``unreadable_arguments.MOST_CALLS`` calls one more is kept, which stands for the rest.
    """

    def __init__(self, names: Collection[str] = (), used: Collection[str] = ()) -> None:
        self._names = frozenset(names)
        self._used = set(used)
        self._calls: list[_Call] = []

    def add(self, delta: ToolCallDelta) -> None:
        """Take one delta, in the order of the stream."""
        function = delta.function
        name = (getattr(function, "name", None) or "") if function else ""
        arguments = _text(getattr(function, "arguments", None)) if function else ""
        # some servers count their calls by numbers
        index, call_id = getattr(delta, "index", None), str(getattr(delta, "id", None) or "")
        call = self._continued(index, call_id, name, arguments)
        if call is None:
            if len(self._calls) > unreadable_arguments.MOST_CALLS:
                return
            call = _Call(index, call_id)
            self._calls.append(call)
        call.id = call.id or call_id
        call.name = call.name if call.name == name else call.name + name
        call.arguments = _joined(call.arguments, arguments)[: MOST_CHARACTERS + 1]

    def whole(self, *, cut: bool = False) -> list[WholeCall]:
        """The calls in their order, each with an id of its own.

        A piece without a name is no call. With ``cut`` the provider stopped in the middle of the answer, so
        that the last call may have lost its arguments.
        """
        calls = [call for call in self._calls if call.name]
        return [
            WholeCall(self._own_id(call), call.name, _readable(call.arguments, cut=cut and call is calls[-1]))
            for call in calls
        ]

    def _continued(self, index: int | None, call_id: str, name: str, arguments: str) -> _Call | None:
        """The call that a delta goes on with; None where it begins one."""
        same_id = [call for call in self._calls if call_id and call.id == call_id]
        same_index = [call for call in self._calls if index is not None and call.index == index]
        if same_id:
            same = [call for call in same_id if index is None or call.index in (None, index)]
            same = [call for call in same if not (name and call.name in self._names - {name})]
            return same[-1] if same else (None if name else same_id[-1])
        candidate = same_index[-1] if same_index else None
        if candidate is None and not name and self._calls:
            # an index that comes or goes within one call
            candidate = self._calls[-1]
        if candidate is None or not name:
            return candidate
        if call_id and candidate.id:
            return None
        return candidate if self._is_rest_of_name(candidate, name, arguments) else None

    def _is_rest_of_name(self, call: _Call, name: str, arguments: str) -> bool:
        """Whether a delta at the same place, without an id of its own, goes on although it has a name."""
        if call.name == name:
            return not (_is_complete(call.arguments) and arguments)
        return not call.arguments and call.name not in self._names

    def _own_id(self, call: _Call) -> str:
        call_id = call.id if call.id and call.id not in self._used else f"call_{uuid.uuid4().hex}"
        self._used.add(call_id)
        return call_id


def _text(arguments: object) -> str:
    """Some servers send the object itself instead of its text."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments)


def _joined(before: str, more: str) -> str:
    """Some servers send the whole arguments once more at the end, or an empty object at the beginning."""
    if (more == before and _is_complete(before)) or not more:
        return before
    return more if before == "{}" and more.startswith("{") else before + more


def _is_complete(arguments: str) -> bool:
    return unreadable_arguments.parse(arguments) is not None and bool(arguments.strip())


def _readable(arguments: str, *, cut: bool) -> str:
    """The text of a JSON object in any case: unreadable arguments are handed on as such."""
    if len(arguments) > MOST_CHARACTERS or (cut and not arguments.strip()):
        return json.dumps(unreadable_arguments.wrap(arguments))
    return json.dumps(unreadable_arguments.read(arguments))
