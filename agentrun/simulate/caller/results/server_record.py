"""Fetches the server's record of a call."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx

from agentrun import local_secret
from agentrun.http import tls
from agentrun.simulate.caller.twilio import twiml
from agentrun.simulate.caller.twilio.webhook import VOICE_PATH

_TIMEOUT_SECONDS = 3.0
_STEP_SECONDS = 0.1


async def fetch(
    voice_url: str, call_sid: str, timeout: float = _TIMEOUT_SECONDS, *, secret: bytes | None = None
) -> dict[str, Any] | None:
    """The record of a call, or None where there is none: servers show records to their own machine only.

    Waits up to ``timeout`` seconds for the server to have noticed the end of the call. A server that others
    can reach shows it to who knows this user's ``secret``.
    """
    parts = urlsplit(voice_url)
    if not twiml.is_loopback(parts.hostname or ""):
        return None
    path = f"{parts.path.removesuffix(VOICE_PATH)}/calls/{call_sid}"
    url = parts._replace(path=path, query="").geturl()
    record: dict[str, Any] | None = None
    headers = local_secret.headers(secret, url)
    async with httpx.AsyncClient(
        timeout=timeout, trust_env=False, verify=tls.context(), headers=headers
    ) as client:
        for _ in range(max(1, round(timeout / _STEP_SECONDS))):
            record = await _get(client, url) or record
            if record is None or record.get("ended"):
                return record
            await asyncio.sleep(_STEP_SECONDS)
    return record


async def _get(client: httpx.AsyncClient, url: str) -> dict[str, Any] | None:
    try:
        response = await client.get(url)
        record = response.json() if response.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("transcript"), list) else None
