"""A secret that proves a request comes from this user, when others can reach a server on loopback.

One file that only this user can read holds a secret. A server takes tokens that are made from it for its own
port, so a token that is shown to another port's server opens nothing here.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from agentrun.errors import SetupError

_BYTES = 32
_HEX = 40
"""Length of a token in hexadecimal digits: 160 bits, in a link that fits on a line."""


def path(environ: Mapping[str, str]) -> Path | None:
    """Where the secret is kept, following the XDG base directories; None if there is no home.

    >>> path({"HOME": "/home/ada"})
    PosixPath('/home/ada/.local/state/agentrun/local-secret')
    """
    state = environ.get("XDG_STATE_HOME", "")
    home = environ.get("HOME", "")
    if Path(state).is_absolute():
        return Path(state, "agentrun", "local-secret")
    return Path(home, ".local", "state", "agentrun", "local-secret") if Path(home).is_absolute() else None


def read(environ: Mapping[str, str]) -> bytes | None:
    """This user's secret; None if no server has created one yet, or it can't be read."""
    place = path(environ)
    try:
        return _checked(place) if place else None
    except (OSError, SetupError):
        return None


def load(environ: Mapping[str, str]) -> bytes | None:
    """This user's secret, created if there is none; None if it can't be stored.

    Raises SetupError when others can read the file.
    """
    place = path(environ)
    if place is None:
        return None
    try:
        if not place.exists():
            _make(place)
        return _checked(place)
    except OSError:
        return None


def token(secret: bytes, port: int) -> str:
    """The token for the server on ``port``.

    >>> token(b"x", 7860) == token(b"x", 7861)
    False
    """
    return _token_for(secret, f"token {port}")


def cookie(secret: bytes, port: int, expires: int) -> str:
    """The cookie for a browser that has presented the token; ``expires`` is in Unix seconds."""
    return f"{expires}.{_token_for(secret, f'cookie {port} {expires}')}"


def headers(secret: bytes | None, url: str) -> dict[str, str]:
    """The authentication headers of a request to ``url`` on this machine; empty without a secret."""
    port = urlsplit(url).port
    return {"Authorization": f"Bearer {token(secret, port)}"} if secret and port else {}


def _token_for(secret: bytes, purpose: str) -> str:
    return hmac.new(secret, f"agentrun {purpose}".encode(), hashlib.sha256).hexdigest()[:_HEX]


def _make(place: Path) -> None:
    """Write a new secret atomically; the first of several processes wins."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".local-secret-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(name, place)
    finally:
        Path(name).unlink()


def _checked(place: Path) -> bytes:
    state = place.stat()
    text = place.read_text().strip()
    hint = f"rm {place}, and start again: a new one is made"
    if state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise SetupError(f"{place} holds a secret, and others can read or write it", hint)
    if len(text) < 2 * _BYTES:
        raise SetupError(f"{place} does not hold a secret of {_BYTES} bytes in hexadecimal", hint)
    return text.encode()
