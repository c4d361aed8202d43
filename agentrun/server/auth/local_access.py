"""Whether others can reach this server, and what proves that a request is this user's."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from agentrun import local_secret
from agentrun.server.auth import cookies, derived_keys

COOKIE_SECONDS = 7 * 24 * 3600
FORWARDED = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-host",
        "x-original-for",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-ray",
        "fly-client-ip",
        "fastly-client-ip",
    }
)
"""A request that a proxy or a tunnel passed on carries one of these, or one that begins with X-Forwarded-."""


class Flag(Protocol):
    """Something that is raised once, and stays."""

    def is_raised(self) -> bool: ...
    def raise_(self) -> None: ...


class OwnFlag:
    """A flag of this process alone."""

    def __init__(self) -> None:
        self._raised = False

    def is_raised(self) -> bool:
        """Whether it was raised."""
        return self._raised

    def raise_(self) -> None:
        """Raise it."""
        self._raised = True


class LocalAccess:
    """Knows whether others can reach the server on ``port``, and checks what this user's programs show.

    ``is_set_up`` says whether the configuration has them reach it. ``seen`` is raised by the first request
    that came through a proxy.
    """

    def __init__(
        self,
        secret: bytes | None = None,
        port: int = 0,
        is_set_up: Callable[[], bool] = lambda: False,
        seen: Flag | None = None,
    ) -> None:
        self._secret = secret or secrets.token_bytes(32)
        self._port = port
        self._is_set_up = is_set_up
        self._seen = seen or OwnFlag()
        self._watchers: list[Callable[[], None]] = []

    @property
    def is_reachable(self) -> bool:
        """Whether others can reach this server, so that an address on this machine proves nothing."""
        return self._is_set_up() or self._seen.is_raised()

    @property
    def token(self) -> str:
        """What a link or a program shows."""
        return local_secret.token(self._secret, self._port)

    @property
    def cookie_name(self) -> str:
        """A cookie is sent to every port of a host, so each server has a name of its own."""
        return f"agentrun_local_{self._port}"

    def cookie(self) -> str:
        """The header that has a browser keep the proof, for requests of this server's own pages alone."""
        value = local_secret.cookie(self._secret, self._port, int(time.time()) + COOKIE_SECONDS)
        return f"{self.cookie_name}={value}; Max-Age={COOKIE_SECONDS}; Path=/; HttpOnly; SameSite=Strict"

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self._port

    def key(self, purpose: str) -> bytes:
        """32 bytes for a purpose, which all workers of this server have."""
        return derived_keys.hkdf(self._secret, f"agentrun {purpose}".encode())

    def note(self, headers: Headers) -> None:
        """Remember that a proxy passes on requests, where ``headers`` show it."""
        if is_forwarded(headers) and not self._seen.is_raised():
            self._seen.raise_()
            for watcher in self._watchers:
                watcher()

    def on_seen(self, watcher: Callable[[], None]) -> None:
        """Have ``watcher`` told when a proxy was seen for the first time."""
        self._watchers.append(watcher)

    def is_shown(self, request: HTTPConnection) -> bool:
        """Whether ``request`` carries the token, as a Bearer token, in the query, or as the cookie for it."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(token.strip()):
            return True
        return self._is_token(request.query_params.get("token", "")) or self._has_cookie(request)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _has_cookie(self, request: HTTPConnection) -> bool:
        return any(self._is_cookie(value) for value in cookies.values(request.headers, self.cookie_name))

    def _is_cookie(self, cookie: str) -> bool:
        expires = cookie.partition(".")[0]
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12 or int(expires) < time.time():
            return False
        reference = local_secret.cookie(self._secret, self._port, int(expires))
        return hmac.compare_digest(cookie.encode(), reference.encode())


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy or a tunnel says that it passed a request on."""
    return any(name in FORWARDED or name.startswith("x-forwarded-") for name in headers)
