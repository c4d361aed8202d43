"""The WebSocket URL below an HTTP URL."""

from __future__ import annotations

from urllib.parse import urlsplit

_SCHEMES = {"http": "ws", "https": "wss"}


def socket_url(url: str, path: str) -> str:
    """The URL of the WebSocket at ``path`` below ``url``, encrypted if ``url`` is.

    >>> socket_url("https://voice.example.com/bots/", "stream/abc")
    'wss://voice.example.com/bots/stream/abc'
    """
    below = urlsplit(url)
    scheme = _SCHEMES.get(below.scheme, below.scheme)
    return f"{scheme}://{below.netloc}{below.path.rstrip('/')}/{path}"
