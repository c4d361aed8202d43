"""Runs code before and after each turn of Pipecat's eval harness."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.evals.script_session import EvalScriptSession

Step = Callable[[int], Awaitable[None]]
"""Given the turn's index."""


def attend_turns(session: EvalScriptSession, before: Step, after: Step) -> None:
    """Have ``before`` and ``after`` awaited around each turn of ``session``, its expectations included.

    Pipecat 1.14 goes on to the next turn as soon as a turn's expectations are met: one that expects nothing
    is over when its words have been sent.
    """
    driver: Any = session._driver
    run_turn = driver._run_turn

    async def attended(turn: Any, index: int) -> Any:
        await before(index)
        failures = await run_turn(turn, index)
        await after(index)
        return failures

    driver._run_turn = attended
