"""Reads an offer's request: its body and its credentials."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fastapi import HTTPException, Request

MOST_OFFER_BYTES = 64 * 1024
OVER = "this call is over; send an offer without `pc_id` to begin a new one"


async def read_body(
    request: Request, *, optional: bool = False, most: int = MOST_OFFER_BYTES
) -> dict[str, Any]:
    """A JSON object of at most ``most`` bytes; no body is an empty one where it is ``optional``."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise HTTPException(413, f"a body has at most {most // 1024} KiB")
    if optional and not raw:
        return {}
    try:
        body = json.loads(raw)
    except (RecursionError, ValueError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body


def credential_of(request: Request) -> str:
    """A digest of what the request is authorised with; empty for nothing."""
    header = request.headers.get("authorization", "").strip()
    return hashlib.sha256(header.encode()).hexdigest() if header else ""
