"""Waits for as long as the agent is audible, with a limit on silence."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

_LOOK_SECONDS = 0.2


async def while_heard(
    over: set[asyncio.Task[Any]], seconds: float, is_heard: Callable[[], bool], most: float = math.inf
) -> bool:
    """Wait until a task in ``over`` is done; returns whether one is.

    The agent may be silent for ``seconds`` before, and all of it may take ``most`` seconds; with none of the
    first, nothing is waited for.
    """
    silent = waited = 0.0
    while silent < seconds and waited < most:
        done, _ = await asyncio.wait(over, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if done:
            return True
        waited += _LOOK_SECONDS
        silent = 0.0 if is_heard() else silent + _LOOK_SECONDS
    return False
