"""A result that is yielded one by one is a list, and one without an end is an error."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from agentrun import Call
from agentrun.tools.build import build
from agentrun.tools.results.listed import MOST_ITEMS, listed
from agentrun.tools.results.result import UnreadableResultError
from agentrun.tools.running.invoke import invoke


@dataclass
class Page:
    rows: Iterator[int]


def plain(rows: Callable[[], Any]) -> Callable[[], Any]:
    def work() -> Any:
        """Work."""
        return rows()

    return work


def asynchronous(rows: Callable[[], Any]) -> Callable[[], Any]:
    async def work() -> Any:
        """Work."""
        return rows()

    return work


@pytest.mark.parametrize("of", [plain, asynchronous])
@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (lambda: (n for n in range(3)), "[0,1,2]"),
        (lambda: map(str, [7]), '["7"]'),
        (lambda: {"rows": [iter([1]), ({"more": iter("ab")},)]}, '{"rows":[[1],[{"more":["a","b"]}]]}'),
        (lambda: iter(()), "The result is empty: there is nothing to tell."),
    ],
)
async def test_the_model_reads_a_list(
    call: Call, of: Callable[[Any], Any], rows: Callable[[], Any], text: str
) -> None:
    outcome = await invoke(build(of(rows), "desk"), call, {})
    assert (outcome.status, outcome.text) == ("ok", text)


@pytest.mark.parametrize("of", [plain, asynchronous])
@pytest.mark.parametrize(
    "rows",
    [
        itertools.count,
        lambda: {"rows": [itertools.repeat("x")]},
        lambda: (itertools.count() for _ in range(3)),
        lambda: Page(itertools.count()),
        lambda: [Page(itertools.count())],
    ],
)
async def test_one_without_an_end_holds_nobody_up(
    call: Call, of: Callable[[Any], Any], rows: Callable[[], Any]
) -> None:
    outcome = await invoke(build(of(rows), "desk"), call, {})
    assert (outcome.status, outcome.text) == ("failed", "work failed and gave no result.")
    assert "return text, a number, a list" in outcome.detail


def test_a_result_without_an_iterator_is_itself() -> None:
    loop: dict[str, Any] = {"n": list(range(MOST_ITEMS * 2))}
    loop["self"] = [loop, loop]
    assert listed(loop) is loop


def test_as_many_items_as_are_told_are_taken() -> None:
    assert len(listed(iter(range(MOST_ITEMS)))) == MOST_ITEMS
    with pytest.raises(UnreadableResultError, match=f"more than {MOST_ITEMS} items"):
        listed(iter(range(MOST_ITEMS + 1)))
