"""The end of a call in a test."""

from __future__ import annotations

import asyncio

from agentrun.records import CallRecord

_SECONDS = 5.0
"""What is still being read from a call that is over has 2 s."""
_POLL_SECONDS = 0.02


async def wait_for_end(record: CallRecord | None) -> None:
    """Wait until ``record`` is closed, for what the call finds out last; a call that does not end is left."""
    left = _SECONDS
    while record is not None and record.ended is None and left > 0:
        await asyncio.sleep(_POLL_SECONDS)
        left -= _POLL_SECONDS
