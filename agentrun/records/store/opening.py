"""Opens a database when a server starts, and waits for migrations that are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from loguru import logger

from agentrun.errors import SetupError
from agentrun.records.store.engine import shown
from agentrun.records.store.threads import heed
from agentrun.tools.running.threads import NoThreadError, Threads

T = TypeVar("T")
OPEN_SECONDS = 60.0
"""How long a database may take to answer whose tables lack nothing."""


async def opened(make: Callable[[str, Callable[[], None]], T], url: str) -> T:
    """What ``make`` gives for ``url``, in a thread that nobody has to wait for.

    ``make`` calls its second argument when tables have to be brought up to date. That takes as long as it
    takes, such as an index over the calls of a year: given up in the middle it would begin anew each time.
    Raises what ``make`` raises, and SetupError for a database of which nothing is heard.
    """
    steps: list[str] = []
    threads, begun = Threads("opening", 1), partial(steps.append, "begun")
    opening = asyncio.get_running_loop().run_in_executor(threads, make, url, begun)
    opening.add_done_callback(heed)
    while True:
        done, _ = await asyncio.wait({opening}, timeout=OPEN_SECONDS)
        if done:
            try:
                return opening.result()
            except NoThreadError as error:
                raise SetupError(f"{shown(url)} can't be opened: {error}", "allow more processes") from None
        if not steps:
            opening.cancel()
            raise SetupError(
                f"nothing was heard from {shown(url)} for {OPEN_SECONDS:g} s",
                "see whether the database answers",
            )
        logger.warning("the tables at {} are still being brought up to date", shown(url))
