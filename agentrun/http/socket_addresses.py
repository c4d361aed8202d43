"""The WebSocket URL below an HTTP URL."""

from __future__ import annotations

from urllib.parse import urlsplit


def socket_url(url: str, path: str) -> str:
    """The address of the socket at ``path`` below ``url``: encrypted where that is.

    >>> socket_url("https://voice.example.com/bots/", "stream/abc")
    'wss://voice.example.com/bots/stream/abc'
    """
    below = urlsplit(url)
    scheme = "wss" if below.scheme == "https" else "ws"
    return f"{scheme}://{below.netloc}{below.path.rstrip('/')}/{path}"
