"""A prompt whose values don't fit is written as far as it can be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.spec.values import partial_rendering, templates


def rendered(text: str, **values: Any) -> tuple[str, str]:
    return partial_rendering.render(
        text, templates.names(Call("CA1", "desk", "local"), values, datetime.now())
    )


@pytest.mark.parametrize(
    ("text", "words", "trouble"),
    [
        ("You talk to {{ call.body.name or 'a guest' }}.", "You talk to a guest.", ""),
        ("You talk to {{ call.body.name.split()[0] }}.", "You talk to .", "UndefinedError"),
        ("{{ call.body.count | int + 'x' }} guests come.", " guests come.", "TypeError"),
        ("{{ 12 // call.body.count | int }} each.", " each.", "ZeroDivisionError"),
        ("{{ order.size.name }} pizza.", " pizza.", "UndefinedError"),
        ("A{% set n = 1 / 0 %}B{{ n }}C", "ABC", "ZeroDivisionError"),
        ("A{% if 1 / 0 %}B{% endif %}C", "AC", "ZeroDivisionError"),
        ("{% set n = 7 %}{{ n }}{{ 1 / 0 }}{{ n }}", "77", "ZeroDivisionError"),
        ("{% if order.size.split()[0] == 'x' %}a{% else %}b{% endif %}", "b", "UndefinedError"),
        ("{{ ().__class__.__bases__ }}secret", "secret", "SecurityError"),
    ],
)
def test_what_fails_is_left_out_and_the_rest_stands(text: str, words: str, trouble: str) -> None:
    assert rendered(text, order=None) == (words, trouble)


@pytest.mark.parametrize("text", ["{{ house.split()[3] }}", "{{ 1 // guests }}", "{{ house + 1 }}"])
def test_a_greeting_that_fails_with_the_first_values_is_not_prepared(text: str) -> None:
    assert templates.render_for_all(text, {"house": "Rosa", "guests": 0}) is None
