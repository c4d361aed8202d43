"""Conditions over variables, compared without code."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agentrun.spec.models.conditions import Condition, ConditionalWay
from agentrun.spec.values import conditions


def _holds(condition: dict[str, Any], values: dict[str, Any]) -> bool:
    return conditions.holds(TypeAdapter(Condition).validate_python(condition), values)


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"plan": "gold"}, {"plan": "gold"}, True),
        ({"plan": "gold"}, {"plan": "silver"}, False),
        ({"plan": "gold"}, {}, False),
        ({"plan": "gold"}, {"plan": None}, False),
        ({"plan": {"not": "gold"}}, {}, True),
        ({"plan": {"not": "gold"}}, {"plan": "gold"}, False),
        ({"plan": {"in": ["gold", "silver"]}}, {"plan": "silver"}, True),
        ({"plan": {"in": ["gold", "silver"]}}, {}, False),
        ({"customer.plan": "gold"}, {"customer": {"plan": "gold"}}, True),
        ({"customer.plan": "gold"}, {"customer": "gold"}, False),
        ({"age": 18}, {"age": "18"}, True),
        ({"age": 18}, {"age": 18.0}, True),
        ({"open": True}, {"open": "True"}, True),
        ({"open": False}, {"open": False}, True),
        ({"open": False}, {}, False),
        ({"age": {"at_least": 18}}, {"age": 18}, True),
        ({"age": {"at_least": 18}}, {"age": "17"}, False),
        ({"age": {"at_least": 18}}, {"age": "old"}, False),
        ({"age": {"at_least": 18}}, {"age": True}, False),
        ({"age": {"at_least": 18}}, {}, False),
        ({"age": {"more_than": 18, "at_most": 30}}, {"age": 30}, True),
        ({"age": {"less_than": 18}}, {"age": float("inf")}, False),
        ({"name": {"is_set": True}}, {"name": ""}, False),
        ({"name": {"is_set": False}}, {}, True),
        ({"name": {"is_set": True}}, {"name": 0}, True),
        ({"tags": {"contains": "vip"}}, {"tags": ["vip", "new"]}, True),
        ({"note": {"contains": "vip"}}, {"note": "A VIP guest"}, True),
        ({"note": {"contains": "vip"}}, {"note": 7}, False),
        ({"plan": "gold", "age": {"at_least": 18}}, {"plan": "gold", "age": 3}, False),
    ],
)
def test_a_condition_is_compared_without_code(
    condition: dict[str, Any], values: dict[str, Any], holds: bool
) -> None:
    assert _holds(condition, values) is holds


def test_the_first_way_that_is_open_is_taken_and_none_stays() -> None:
    ways = [
        ConditionalWay.model_validate({"when": {"plan": "gold"}, "to": "gold_desk"}),
        ConditionalWay.model_validate({"when": {"age": {"at_least": 18}}, "to": "adults"}),
    ]
    assert conditions.first(ways, {"plan": "gold", "age": 20}) == "gold_desk"
    assert conditions.first(ways, {"age": 20}) == "adults"
    assert conditions.first(ways, {}) is None


def test_what_is_no_number_is_told_where_numbers_are_compared() -> None:
    way = ConditionalWay.model_validate({"when": {"age": {"at_least": 18}}, "to": "adults"})
    assert conditions.troubles([way], {"age": "old"}) == ["'age' is 'old', which is not a number to compare"]
    assert conditions.troubles([way], {}) == []


@pytest.mark.parametrize("wrong", [{}, {"a b": 1}, {"age": {}}, {"age": {"above": 3}}, {"age": [1]}])
def test_what_is_no_condition_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Condition).validate_python(wrong)
