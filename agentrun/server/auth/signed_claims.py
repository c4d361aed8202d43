"""Claims that only this server and its like can sign: JSON Web Tokens (RFC 7519) over HMAC-SHA256.

That one algorithm is in the standard library. PyJWT, against which the tests hold this module, brings those
of public keys as well: 70 ms of the event loop and 8 MB with the first call of a server.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any

_ALGORITHM = "HS256"


def sign(claims: dict[str, Any], key: bytes) -> str:
    """A token with ``claims``, whose ``aud`` says what it is for."""
    signed = b".".join(map(_part, ({"alg": _ALGORITHM}, claims)))
    return b".".join((signed, _signature(signed, key))).decode()


def read(token: str, keys: Iterable[bytes], audience: str, required: Sequence[str]) -> dict[str, Any] | None:
    """What a token for ``audience`` says that one of ``keys`` has signed; None for any other.

    It must have the ``required`` claims. When it expires is for whoever asks, by the clock that machines
    share; one that is not good before a time (``nbf``) is none of ours.

    >>> token = sign({"aud": "call", "sub": "CA1"}, bytes(32))
    >>> read(token, [bytes([1] * 32), bytes(32)], "call", ["sub"])
    {'aud': 'call', 'sub': 'CA1'}
    >>> read(token, [bytes(32)], "stream", ["sub"])
    """
    signed, _, signature = token.encode("utf-8", "replace").rpartition(b".")
    if not any(hmac.compare_digest(_signature(signed, key), signature) for key in keys):
        return None
    # nothing of a token is parsed before its signature is known to be good
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split(b"."))
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or header.get("alg") != _ALGORITHM or "crit" in header:
        return None
    return claims if isinstance(claims, dict) and _is_for(claims, audience, required) else None


def _is_for(claims: dict[str, Any], audience: str, required: Sequence[str]) -> bool:
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]) or "nbf" in claims:
        return False
    if any(not isinstance(claims.get(name, ""), str) for name in ("sub", "jti")):
        return False
    return all(claims.get(name) is not None for name in required)


def _signature(signed: bytes, key: bytes) -> bytes:
    return _encoded(hmac.digest(key, signed, "sha256"))


def _part(content: dict[str, Any]) -> bytes:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(data: bytes) -> bytes:
    """Base64 for URLs, without its padding: RFC 7515, section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
