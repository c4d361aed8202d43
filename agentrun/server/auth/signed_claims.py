"""Signed claims: JSON Web Tokens (RFC 7519) with HMAC-SHA256.

PyJWT is loaded with the first of them: it brings cryptography, which takes 9 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwt.types import Options

_ALGORITHM = "HS256"


def sign(claims: dict[str, Any], key: bytes, *, headers: dict[str, Any] | None = None) -> str:
    """A token with ``claims``, whose ``aud`` says what it is for; ``headers`` are beside the usual ones."""
    import jwt

    return jwt.encode(claims, key, _ALGORITHM, headers=headers)


def read(
    token: str, keys: Iterable[bytes], audience: str, required: Sequence[str], *, verify_iat: bool = True
) -> dict[str, Any] | None:
    """What a token for ``audience`` says that one of ``keys`` has signed; None for any other.

    It must have the ``required`` claims. When it expires is for whoever asks, by the clock that machines
    share; that it was not made in the future is looked at with ``verify_iat`` alone.

    >>> token = sign({"aud": "call", "sub": "CA1"}, bytes(32))
    >>> read(token, [bytes([1] * 32), bytes(32)], "call", ["sub"])
    {'aud': 'call', 'sub': 'CA1'}
    >>> read(token, [bytes(32)], "stream", ["sub"])
    """
    import jwt

    options: Options = {"require": [*required], "verify_exp": False, "verify_iat": verify_iat}
    for key in keys:
        try:
            found: dict[str, Any] = jwt.decode(
                token, key, algorithms=[_ALGORITHM], audience=audience, options=options
            )
        except jwt.InvalidTokenError:
            continue
        return found
    return None
