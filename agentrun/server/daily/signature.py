"""Verifies Daily's signature on the webhook of a telephone call."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

VARIABLE = "DAILY_WEBHOOK_SECRET"
SIGNATURE, TIMESTAMP = "x-pinless-signature", "x-pinless-timestamp"
MOST_SECONDS_OFF = 300.0
"""An older webhook is somebody's copy."""
_MILLISECONDS_FROM = 1e11


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Daily's signature: base64 of HMAC-SHA256 over ``timestamp``, a dot and the body.

    ``secret`` is base64, as Daily shows it
    (https://docs.daily.co/guides/products/dial-in-dial-out/dialin-pinless). Raises ValueError when it is not.
    """
    key = base64.b64decode(secret, validate=True)
    return base64.b64encode(hmac.digest(key, timestamp.encode() + b"." + body, hashlib.sha256)).decode()


def is_secret(secret: str) -> bool:
    """Whether ``secret`` is one: base64, and not empty."""
    try:
        return bool(base64.b64decode(secret, validate=True))
    except (binascii.Error, ValueError):
        return False


def is_valid(
    secret: str, headers: Mapping[str, str], body: bytes, clock: Callable[[], float] = time.time
) -> bool:
    """Whether ``headers`` carry Daily's signature of ``body``, made within the last five minutes.

    The timestamp is in seconds or in milliseconds since 1970.
    """
    timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        return False
    stamped = float(timestamp)
    seconds = stamped / 1000 if stamped >= _MILLISECONDS_FROM else stamped
    if abs(clock() - seconds) > MOST_SECONDS_OFF:
        return False
    return hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode())
