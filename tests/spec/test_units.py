"""Durations have their unit written."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from agentrun.spec.values.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("800ms", 0.8), ("30s", 30.0), ("15m", 900.0), ("1.5h", 5400.0), (" 2 s ", 2.0), ("0s", 0.0)],
)
def test_a_duration_is_read_as_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("value", [30, 0.8])
def test_a_bare_number_is_shown_with_its_unit(value: float) -> None:
    with pytest.raises(PydanticCustomError, match="has no unit") as caught:
        seconds(value)
    assert caught.value.context == {"given": value, "hint": f"write {value}s or {value}ms"}


@pytest.mark.parametrize("value", ["30", "s", "-1s", "1s30", "5 min", "1d", "", True, None, [], "١s", "1e3s"])
def test_anything_else_is_no_duration(value: object) -> None:
    with pytest.raises(PydanticCustomError, match="is not a duration"):
        seconds(value)
