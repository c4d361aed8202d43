"""Lets a browser that has logged in before bypass the delays for password guessing."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from starlette.datastructures import Headers

from agentrun.server.auth import cookies

COOKIE_SECONDS = 30 * 24 * 3600
"""It opens nothing by itself: each request shows the password as well."""


class KnownBrowsers:
    """Marks browsers that have shown a password, with a cookie ``name`` for addresses below ``path``.

    ``key`` signs, and is of no use to anybody who knows it for the password. ``clock`` is in Unix seconds.
    """

    def __init__(
        self, key: bytes, name: str, path: str = "/", clock: Callable[[], float] | None = None
    ) -> None:
        self._key = key
        self._name = name
        self._path = path
        self._clock = clock or (lambda: time.time())

    def is_known(self, headers: Headers) -> bool:
        """Whether a request with these headers comes from a browser that was marked."""
        return any(self._is_ours(value) for value in cookies.values(headers, self._name))

    def mark(self, *, is_secure: bool) -> str:
        """The header ``Set-Cookie`` that marks a browser; with ``is_secure`` it is sent over TLS alone."""
        value = self._signed(int(self._clock()) + COOKIE_SECONDS)
        rest = f"Max-Age={COOKIE_SECONDS}; Path={self._path}; HttpOnly; SameSite=Strict"
        return f"{self._name}={value}; {rest}{'; Secure' if is_secure else ''}"

    def _is_ours(self, value: str) -> bool:
        expires = value.partition(".")[0]
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return False
        good = hmac.compare_digest(value.encode(), self._signed(int(expires)).encode())
        return good and int(expires) > self._clock()

    def _signed(self, expires: int) -> str:
        text = f"agentrun known browser {self._name} {expires}"
        return f"{expires}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}"
