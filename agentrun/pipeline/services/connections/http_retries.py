"""How long to wait before retrying a request: no longer than a caller would."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_SECONDS = 2.0
"""A longer wait that a server asks for is a failure. OpenAI's client would wait for two minutes."""
_TRIED_AGAIN = (408, 409, 429)
"""What OpenAI's client asks again for, beside the errors of a server (``openai._base_client``)."""
_QUOTA_CODES = ("insufficient_quota", "billing_hard_limit_reached", "quota_exceeded")
_MOST_BYTES = 65_536
_NO_RETRY = {"x-should-retry": "false"}
"""OpenAI's client obeys it (``openai._base_client``)."""


async def bound_retries(response: Any) -> None:
    """An httpx hook for responses: tell the client not to retry where that is of no use to the caller."""
    if response.status_code not in _TRIED_AGAIN and response.status_code < 500:
        return
    wait = retry_after(response.headers)
    if wait is not None and wait > LONGEST_SECONDS:
        response.headers.update(_NO_RETRY)
    elif response.status_code == 429 and _is_short_json(response.headers):
        await response.aread()
        if is_quota(_code(response.content)):
            response.headers.update(_NO_RETRY)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds that a server asks to be left alone; None where it doesn't say.

    ``now`` is the time in seconds since 1970, for a server that names a date.

    >>> retry_after({"retry-after": "20"}), retry_after({"retry-after-ms": "250"}), retry_after({})
    (20.0, 0.25, None)
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now))
    except (ValueError, TypeError, OverflowError):
        return None


def is_quota(code: object) -> bool:
    """Whether an error's code says that the account has nothing left, which waiting doesn't mend.

    >>> is_quota("insufficient_quota"), is_quota("rate_limit_exceeded")
    (True, False)
    """
    return code in _QUOTA_CODES


def _is_short_json(headers: Mapping[str, str]) -> bool:
    length = _number(headers.get("content-length")) or 0.0
    return "json" in headers.get("content-type", "") and length <= _MOST_BYTES


def _code(body: bytes) -> object:
    try:
        error = json.loads(body).get("error", {})
        return error.get("code") or error.get("type")
    except (ValueError, AttributeError, RecursionError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
