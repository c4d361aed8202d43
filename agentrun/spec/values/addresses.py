"""Addresses of servers, as people write them."""

from __future__ import annotations

from urllib.parse import urlsplit


def problem_with(url: str) -> str:
    """What is wrong with an HTTP address, or nothing.

    >>> problem_with("voice.example.com")
    "'voice.example.com' is not an address: https:// is missing"
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return f"'{url}' is not an address"
    if parts.scheme not in ("https", "http"):
        return f"'{url}' is not an address: https:// is missing"
    if not host or any(c.isspace() for c in url):
        return f"'{url}' is not an address: it names no host"
    if parts.query or parts.fragment:
        return f"'{url}' has a part after ? or #"
    return ""
