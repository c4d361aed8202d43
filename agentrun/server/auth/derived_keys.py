"""Derives a key for each purpose from the secrets that a server already has.

They are the same on every machine that has the same secrets. One says nothing of another, nor of the secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from agentrun.server.auth.call_access import TOKEN_VARIABLE

SECONDARY = "_SECONDARY"
"""After the name of a secret: its successor or its predecessor, which is accepted while it is exchanged."""
_NAMES = (TOKEN_VARIABLE, "AGENTRUN_API_KEY")


def both(environ: Mapping[str, str], name: str) -> list[str]:
    """The secret ``name``, where it is set, and the one that is accepted beside it.

    >>> both({"KEY": "new", "KEY_SECONDARY": "old"}, "KEY"), both({"KEY_SECONDARY": "old"}, "KEY")
    (['new', 'old'], [])
    """
    found = environ.get(name), environ.get(name + SECONDARY)
    return [value for value in found if value] if found[0] else []


def for_purpose(environ: Mapping[str, str], purpose: str, otherwise: bytes) -> tuple[bytes, ...]:
    """Keys of 32 bytes: the first signs, all are accepted.

    From ``TWILIO_AUTH_TOKEN``, or ``AGENTRUN_API_KEY`` without it, and their secondaries; ``otherwise`` is
    for a server that has neither.
    """
    secrets = [value.encode() for name in _NAMES for value in both(environ, name)]
    return tuple(hkdf(secret, f"agentrun {purpose}".encode()) for secret in secrets or [otherwise])


def hkdf(secret: bytes, info: bytes, salt: bytes = b"") -> bytes:
    """32 bytes of HKDF-SHA256: RFC 5869, extract and the first block of expand.

    >>> hkdf(b"a", b"x") == hkdf(b"a", b"y")
    False
    """
    extracted = hmac.digest(salt or bytes(hashlib.sha256().digest_size), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")
