"""Reads a request's body within limits of size and time."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException
from starlette.types import Message, Receive


def bounded(receive: Receive, most: int, seconds: float) -> Receive:
    """``receive`` of a request, for a body of at most ``most`` bytes within ``seconds``.

    What reads it raises HTTPException: 413 for a body that is too long, 408 for one that comes too slowly.
    What comes after the body is not bounded.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    size, complete = 0, False

    async def next_part() -> Message:
        nonlocal size, complete
        if complete:
            return await receive()
        left = deadline - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(receive(), max(left, 0.0))
        except TimeoutError:
            raise HTTPException(408, "the request took too long", {"Connection": "close"}) from None
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413, f"send at most {most // 1024} KiB", {"Connection": "close"})
        complete = not message.get("more_body", False)
        return message

    return next_part
