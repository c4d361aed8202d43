"""Server addresses."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def problem_with(url: str) -> str:
    """What is wrong with an HTTP address, or nothing.

    >>> problem_with("voice.example.com")
    "'voice.example.com' is not an address: https:// is missing"
    >>> problem_with("127.0.0.1:8000/v1")
    "'127.0.0.1:8000/v1' is not an address: http:// is missing"

    >>> problem_with("htp://voice.example.com")
    "'htp://voice.example.com' is not an address: it begins with neither https:// nor http://"

    A user and a password are left out of the words.
    """
    shown = url.rpartition("@")[2]
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return f"'{shown}' is not an address"
    if "://" in shown and parts.scheme not in ("https", "http"):
        return f"'{shown}' is not an address: it begins with neither https:// nor http://"
    if parts.scheme not in ("https", "http"):
        return f"'{shown}' is not an address: {_scheme(shown)} is missing"
    if not host or any(c.isspace() for c in url):
        return f"'{shown}' is not an address: it names no host"
    if parts.query or parts.fragment:
        return f"'{shown}' has a part after ? or #"
    return ""


def _scheme(url: str) -> str:
    """How an address without a scheme begins: plainly on this machine and in a private network."""
    host = urlsplit(f"//{url.rpartition('://')[2]}").hostname or ""
    try:
        private = ip_address(host).is_private
    except ValueError:
        private = host == "localhost"
    return "http://" if private else "https://"
