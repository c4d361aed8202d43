"""URLs of OpenAI's WebSockets, derived from the URL of its HTTP API."""

from __future__ import annotations

OPENAI_ADDRESS = "https://api.openai.com/v1"


def socket_url(base_url: str | None, path: str) -> str:
    """``https://host/v1`` and ``realtime`` as ``wss://host/v1/realtime``.

    >>> socket_url(None, "realtime")
    'wss://api.openai.com/v1/realtime'
    """
    address = (base_url or OPENAI_ADDRESS).rstrip("/")
    for plain, socket in (("https://", "wss://"), ("http://", "ws://")):
        if address.startswith(plain):
            address = socket + address.removeprefix(plain)
    return f"{address}/{path}"
