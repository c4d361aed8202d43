"""Tool calls as the world streams them: each real call comes out once, with the arguments that were meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from agentrun.pipeline.tools.call_deltas import MOST_CHARACTERS, ToolCallDeltas
from agentrun.tools.arguments import unreadable_arguments
from agentrun.tools.arguments.unreadable_arguments import MOST_CALLS

NAMES = ("order_status", "opening_hours")


def delta(
    name: str | None = None, arguments: Any = None, *, index: int | None = 0, key: str | None = None
) -> ChoiceDeltaToolCall:
    """As the SDK reads it: it checks nothing, and keeps what a server leaves out or sends in another type."""
    return ChoiceDeltaToolCall.construct(
        index=index, id=key, type="function", function={"name": name, "arguments": arguments}
    )


def whole(
    *deltas: ChoiceDeltaToolCall, cut: bool = False, used: tuple[str, ...] = ()
) -> list[tuple[str, Any]]:
    collected = ToolCallDeltas(NAMES, used)
    for each in deltas:
        collected.add(each)
    return [(call.name, json.loads(call.arguments)) for call in collected.whole(cut=cut)]


TWO = [("order_status", {"number": 7}), ("opening_hours", {})]

STREAMS = {
    "as OpenAI streams them": (
        delta("order_status", "", key="a"),
        delta(arguments='{"number"'),
        delta(arguments=": 7}"),
        delta("opening_hours", "", index=1, key="b"),
        delta(arguments="{}", index=1),
    ),
    "whole, each in a delta of its own": (
        delta("order_status", '{"number": 7}', key="a"),
        delta("opening_hours", "{}", index=1, key="b"),
    ),
    "all with index 0": (
        delta("order_status", "", key="a"),
        delta(arguments='{"number": 7}'),
        delta("opening_hours", "", key="b"),
        delta(arguments="{}"),
    ),
    "all with index 0 and without ids": (
        delta("order_status", ""),
        delta(arguments='{"number": 7}'),
        delta("opening_hours", "{}"),
    ),
    "without an index": (
        delta("order_status", '{"number": 7', index=None, key="a"),
        delta(arguments="}", index=None),
        delta("opening_hours", "", index=None, key="b"),
    ),
    "without an index or an id": (
        delta("order_status", '{"number": 7}', index=None),
        delta("opening_hours", "", index=None),
    ),
    "counted from 1": (
        delta("order_status", "", index=1, key="a"),
        delta(arguments='{"number": 7}', index=1),
        delta("opening_hours", "", index=2, key="b"),
    ),
    "with the id and the name in each delta": (
        delta("order_status", '{"number"', key="a"),
        delta("order_status", ": 7}", key="a"),
        delta("opening_hours", "", index=1, key="b"),
    ),
    "with the id in each delta and an index in the first": (
        delta("order_status", '{"number"', key="a"),
        delta(arguments=": 7}", index=None, key="a"),
        delta("opening_hours", "{}", index=None, key="b"),
    ),
    "with another id in each delta": (
        delta("order_status", "", key="a1"),
        delta(arguments='{"number"', key="a2"),
        delta(arguments=": 7}", key="a3"),
        delta("opening_hours", "", index=1, key="b1"),
    ),
    "interleaved": (
        delta("order_status", "", key="a"),
        delta("opening_hours", "", index=1, key="b"),
        delta(arguments='{"number"'),
        delta(arguments="{", index=1),
        delta(arguments=": 7}"),
        delta(arguments="}", index=1),
    ),
    "with one id for both": (
        delta("order_status", '{"number": 7}', key="x"),
        delta("opening_hours", "{}", index=1, key="x"),
    ),
    "with one id and one index for both": (
        delta("order_status", '{"number": 7}', key="x"),
        delta("opening_hours", "{}", key="x"),
    ),
    "once more as a whole at the end": (
        delta("order_status", '{"number": 7}', key="a"),
        delta("opening_hours", "{}", index=1, key="b"),
        delta("order_status", '{"number": 7}', key="a"),
        delta("opening_hours", "{}", index=1, key="b"),
    ),
    "with a name in two pieces": (
        delta("order_", "", key="a"),
        delta("status", '{"number": 7}'),
        delta("opening_hours", "", index=1, key="b"),
    ),
    "with an empty object before the arguments": (
        delta("order_status", "{}", key="a"),
        delta(arguments='{"number": 7}'),
        delta("opening_hours", "{}", index=1, key="b"),
    ),
    "with the arguments as an object": (
        delta("order_status", {"number": 7}, key="a"),
        delta("opening_hours", {}, index=1, key="b"),
    ),
    "with null for no arguments": (
        delta("order_status", '{"number": 7}', key="a"),
        delta("opening_hours", "null", index=1, key="b"),
    ),
    "with a piece that has no name": (
        delta(None, "", key="ghost", index=5),
        delta("order_status", '{"number": 7}', key="a"),
        delta("opening_hours", "", index=1, key="b"),
    ),
}


@pytest.mark.parametrize("deltas", STREAMS.values(), ids=STREAMS.keys())
def test_each_call_comes_out_once_with_its_arguments(deltas: tuple[ChoiceDeltaToolCall, ...]) -> None:
    assert whole(*deltas) == TWO


def test_the_same_tool_may_be_called_twice() -> None:
    first, second = '{"number": 7}', '{"number": 8}'
    by_id = (delta("order_status", first, key="a"), delta("order_status", second, key="b"))
    by_index = (delta("order_status", first), delta("order_status", second, index=1))
    by_nothing = (delta("order_status", first), delta("order_status", second))
    for deltas in (by_id, by_index, by_nothing):
        assert whole(*deltas) == [("order_status", {"number": 7}), ("order_status", {"number": 8})]


@pytest.mark.parametrize(
    "text", ['{"number": 7', '{"number": 7}}', "[7]", "7", '"seven"', "{'number': 7}", "NaN"]
)
def test_arguments_that_are_no_json_object_are_handed_on_as_unreadable(text: str) -> None:
    [(name, arguments)] = whole(delta("order_status", text, key="a"))
    assert name == "order_status"
    assert arguments == {unreadable_arguments.KEY: text}
    assert text in str(unreadable_arguments.explain(arguments))


def test_a_call_without_arguments_yet_when_the_answer_is_cut_is_not_run_with_none() -> None:
    deltas = (delta("opening_hours", "{}", key="a"), delta("order_status", "", index=1, key="b"))
    [_, (_, arguments)] = whole(*deltas, cut=True)
    assert "cut off" in str(unreadable_arguments.explain(arguments))
    assert whole(*deltas)[1] == ("order_status", {})


def test_each_call_has_an_id_that_no_other_call_of_the_conversation_has() -> None:
    collected = ToolCallDeltas(NAMES, used=("call_0",))
    for each in (
        delta("order_status", "{}", key="call_0"),
        delta("order_status", "{}", index=1, key="call_1"),
        delta("order_status", "{}", index=2, key="call_1"),
        delta("order_status", "{}", index=3),
    ):
        collected.add(each)
    ids = [call.id for call in collected.whole()]
    assert ids[1] == "call_1"
    assert len({*ids, "call_0"}) == 5


def test_what_a_model_that_runs_away_writes_is_bounded() -> None:
    collected = ToolCallDeltas(NAMES)
    for index in range(MOST_CALLS + 9):
        collected.add(delta("opening_hours", "{", index=index, key=str(index)))
        collected.add(delta(None, "}", index=index))
    calls = collected.whole()
    assert len(calls) == MOST_CALLS + 1
    assert {call.arguments for call in calls[:MOST_CALLS]} == {"{}"}
    [(_, arguments)] = whole(delta("order_status", '{"a": "' + "x" * MOST_CHARACTERS + '"}', key="a"))
    assert unreadable_arguments.explain(arguments)
