"""One call of a tool: whatever it does, the model is answered."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest
from pydantic import TypeAdapter

from agentrun import Call, ToolError, tool
from agentrun.tools.build import build
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke

SPOKEN: ContextVar[str] = ContextVar("SPOKEN")


async def run(function: Callable[..., Any], call: Call, **arguments: Any) -> Outcome:
    return await invoke(build(function, "desk"), call, arguments)


async def test_async_def_runs_in_the_loop_with_the_call_filled(call: Call) -> None:
    async def greet(call: Call, name: str) -> str:
        """Greet."""
        return f"{name} {call.caller} {threading.current_thread() is threading.main_thread()}"

    outcome = await run(greet, call, name="Ada")
    assert (outcome.status, outcome.text) == ("ok", "Ada +15551234567 True")
    assert outcome.seconds >= 0


async def test_def_runs_in_a_thread_with_the_caller_s_context(call: Call) -> None:
    def greet(name: str, call: Call | None = None) -> str:
        """Greet."""
        assert call
        return f"{name} {SPOKEN.get()} {call.id} {threading.current_thread() is threading.main_thread()}"

    SPOKEN.set("English")
    assert (await run(greet, call, name="Ada")).text == "Ada English CA1 False"


async def test_defaults_of_the_function_are_its_own(call: Call) -> None:
    def book(guests: int = 2) -> str:
        """Book."""
        return f"for {guests}"

    assert (await run(book, call)).text == "for 2"


async def test_a_plain_function_around_an_async_one_is_awaited(call: Call) -> None:
    async def greet() -> str:
        """Greet."""
        return "hello"

    @functools.wraps(greet)
    def wrapper() -> Awaitable[str]:
        return greet()

    assert (await run(wrapper, call)).text == "hello"


async def test_arguments_that_do_not_fit_are_refused_before_the_tool_runs(call: Call) -> None:
    ran: list[int] = []

    def book(guests: int) -> None:
        """Book."""
        ran.append(guests)

    outcome = await run(book, call, guests="many")
    assert outcome.status == "refused"
    assert outcome.text.startswith("Argument 'guests' is 'many'")
    assert not ran


async def test_a_tool_error_is_told_to_the_model_in_its_own_words(call: Call) -> None:
    def book(guests: int) -> None:
        """Book."""
        raise ToolError("We seat at most 12.")

    outcome = await run(book, call, guests=13)
    assert (outcome.status, outcome.text, outcome.detail) == ("refused", "We seat at most 12.", "")


async def test_a_tool_error_without_words_still_says_something(call: Call) -> None:
    def book() -> None:
        """Book."""
        raise ToolError

    assert (await run(book, call)).text == "book could not do that."


def raise_it(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("secret"),
        TimeoutError("secret"),
        StopIteration("secret"),
        SystemExit("secret"),
        asyncio.CancelledError("secret"),
    ],
)
@pytest.mark.parametrize("in_loop", [True, False])
async def test_a_bug_of_the_tool_is_told_as_a_failure_and_detailed_to_the_log(
    call: Call, error: BaseException, in_loop: bool
) -> None:
    def plain() -> None:
        """Book."""
        raise_it(error)

    async def in_the_loop() -> None:
        """Book."""
        raise_it(error)

    function = in_the_loop if in_loop else plain
    outcome = await run(function, call)
    assert (outcome.status, outcome.text) == ("failed", f"{function.__name__} failed and gave no result.")
    assert "test_invoke.py:" in outcome.detail
    if not isinstance(error, asyncio.CancelledError):
        assert "secret" in outcome.detail


async def test_a_validation_error_inside_a_tool_is_its_bug_and_not_the_model_s(call: Call) -> None:
    def book() -> None:
        """Book."""
        TypeAdapter(int).validate_python("secret")

    assert (await run(book, call)).status == "failed"


async def test_a_result_that_json_cannot_hold_is_a_failure(call: Call) -> None:
    def book() -> object:
        """Book."""
        return object()

    outcome = await run(book, call)
    assert outcome.status == "failed"
    assert outcome.detail.endswith(
        "returned a object, which JSON can't hold; "
        "return text, a number, a list, a dict, a dataclass or a pydantic model"
    )


class Booking:
    """A class of a plugin's own, which JSON doesn't know."""


async def test_the_author_of_an_async_tool_is_told_what_to_return_in_the_first_line(call: Call) -> None:
    async def book() -> object:
        """Book."""
        return Booking()

    async def look_up() -> object:
        """Look up."""
        return {"booking": Booking()}

    for function, what in ((book, "returned a Booking,"), (look_up, "returned a dict that holds an object,")):
        outcome = await run(function, call)
        assert what in outcome.detail.partition("\n")[0]
        assert "a dataclass or a pydantic model" in outcome.detail.partition("\n")[0]


async def test_an_empty_result_is_said_to_be_empty(call: Call) -> None:
    def search() -> list[str]:
        """Search."""
        return []

    outcome = await run(search, call)
    assert (outcome.status, outcome.text) == ("ok", "The result is empty: there is nothing to tell.")


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_not_above_0_is_an_error(seconds: float) -> None:
    with pytest.raises(ValueError, match="is not a number of seconds above 0"):
        tool(timeout=seconds)


def test_a_tool_may_have_a_name_and_a_timeout_of_its_own() -> None:
    @tool(name="book", timeout=3)
    def book_table_at_trattoria() -> None:
        """Book."""

    built = build(book_table_at_trattoria, "desk")
    assert (built.name, built.timeout, built.plugin) == ("book", 3, "desk")
    assert built.origin.startswith("tools/test_invoke.py:")
