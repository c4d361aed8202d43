"""``${NAME}`` in a spec."""

from __future__ import annotations

from agentrun.providers import variables
from agentrun.providers.variables import Unset


def test_variables_are_replaced_in_text_lists_and_mappings() -> None:
    value = {"a": "${X}-${Y:-y}", "b": ["${X}", 5], "c": {"d": "${X}"}, "e": True}
    assert variables.expand(value, {"X": "x"}) == {"a": "x-y", "b": ["x", 5], "c": {"d": "x"}, "e": True}


def test_a_variable_that_is_set_to_nothing_takes_its_default() -> None:
    assert variables.expand("${X:-y}", {"X": ""}) == "y"
    assert list(variables.unset("${X}", {"X": ""})) == [Unset("X", ())]


def test_an_empty_default_is_a_default() -> None:
    assert list(variables.unset("${X:-}", {})) == []
    assert variables.expand("${X:-}", {}) == ""


def test_a_value_is_never_expanded_a_second_time() -> None:
    assert variables.expand("${X}", {"X": "${Y}", "Y": "secret"}) == "${Y}"


def test_unset_variables_are_found_where_they_stand() -> None:
    value = {"a": "${X}", "b": ["${Y}", "${X:-x}"]}
    assert list(variables.unset(value, {}, ("pipeline", "tts"))) == [
        Unset("X", ("pipeline", "tts", "a")),
        Unset("Y", ("pipeline", "tts", "b", 0)),
    ]


def test_what_only_looks_like_a_variable_is_found() -> None:
    assert list(variables.broken({"a": "${MY-KEY}", "b": "${X} costs $5", "c": "${X"})) == [
        (("a",), "${MY-KEY}"),
        (("c",), "${X"),
    ]
