"""Webhook signatures as in Standard Webhooks, symmetric (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

VARIABLE = "AGENTRUN_WEBHOOK_SECRET"
LEAST_BYTES = 24
"""What the specification asks for."""
_PREFIX = "whsec_"


def keys(secret: str) -> tuple[bytes, ...]:
    """The keys in ``secret``: base64, with or without ``whsec_`` before it.

    Several stand side by side with spaces between, while a secret is being changed. Raises ValueError when
    one is not base64, or empty.

    >>> keys("whsec_c2VjcmV0")
    (b'secret',)
    """
    values = []
    for word in secret.split():
        try:
            key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("not base64") from None
        values.append(key)
    if not values or not all(values):
        raise ValueError("empty")
    return tuple(values)


def headers(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that go with ``body``, signed by each key; ``timestamp`` is in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
