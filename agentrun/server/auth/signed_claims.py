"""Claims that only this server and its like can sign: JSON Web Tokens (RFC 7519) over HMAC-SHA256.

PyJWT is loaded with the first of them: it brings cryptography, which takes 9 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwt.types import Options

_ALGORITHM = "HS256"


def sign(claims: Mapping[str, Any], key: bytes, *, headers: Mapping[str, Any] | None = None) -> str:
    """A token with ``claims``, whose ``aud`` says what it is for; ``headers`` are beside the usual ones."""
    import jwt

    return jwt.encode(dict(claims), key, _ALGORITHM, headers=dict(headers) if headers else None)


def read(token: str, keys: Iterable[bytes], audience: str, options: Options) -> dict[str, Any] | None:
    """What a token for ``audience`` says that one of ``keys`` has signed; None for any other.

    ``options`` say which claims it must have, and which PyJWT looks at: its time is for whoever asks, by the
    clock that machines share.

    >>> token = sign({"aud": "call", "sub": "CA1"}, bytes(32))
    >>> read(token, [bytes([1] * 32), bytes(32)], "call", {"require": ["sub"]})
    {'aud': 'call', 'sub': 'CA1'}
    >>> read(token, [bytes(32)], "stream", {"require": ["sub"]})
    """
    import jwt

    for key in keys:
        try:
            found: dict[str, Any] = jwt.decode(
                token, key, algorithms=[_ALGORITHM], audience=audience, options=options
            )
        except jwt.InvalidTokenError:
            continue
        return found
    return None
