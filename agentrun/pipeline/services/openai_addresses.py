"""URLs of OpenAI's WebSockets, derived from the URL of its HTTP API."""

from __future__ import annotations

from agentrun.http import socket_addresses

OPENAI_ADDRESS = "https://api.openai.com/v1"


def socket_url(base_url: str | None, path: str) -> str:
    """``https://host/v1`` and ``realtime`` as ``wss://host/v1/realtime``; without ``base_url``, OpenAI's.

    >>> socket_url(None, "realtime")
    'wss://api.openai.com/v1/realtime'
    """
    return socket_addresses.socket_url(base_url or OPENAI_ADDRESS, path)
