"""Ends the calls in progress when the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.session import Session

STOPPING = "the server is stopping"
GOODBYE_SECONDS = 5.0
"""How long calls get to end by themselves when the server stops."""
HARD_SECONDS = 15.0
WORDS_SECONDS = 10.0
"""How long the words of a goodbye may take."""
Calls = Mapping[asyncio.Task[CallRecord], Session]


async def dismiss(calls: Calls, plans: Mapping[asyncio.Task[CallRecord], Plan]) -> None:
    """Have the callers of ``calls`` that are not ending yet hear ``prompts.goodbye`` of their plan, and end.

    Returns when those calls are over, or after ``WORDS_SECONDS``.
    """
    going = {task: session for task, session in calls.items() if not session.record.ended_by}
    words = {task: plans[task].spec.prompts.goodbye for task in going}
    await asyncio.gather(*(s.leave_message(words[t], STOPPING, "server") for t, s in going.items()))
    if going:
        await asyncio.wait(going, timeout=WORDS_SECONDS)


async def end(calls: Calls) -> None:
    """Let ``calls`` finish what is being said, and cut those that take longer than ``GOODBYE_SECONDS``."""
    if not calls:
        return
    tasks = list(calls)
    await asyncio.gather(*(session.end("server", STOPPING) for session in calls.values()))
    _, pending = await asyncio.wait(tasks, timeout=GOODBYE_SECONDS)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=HARD_SECONDS)
