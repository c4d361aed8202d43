"""The public URL of a deployment, which an HTTPS proxy serves."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from agentrun.spec.values import addresses

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253
_PRIVATE = ("localhost", "local", "internal", "test", "invalid", "lan", "home", "arpa")
"""Last labels of names that nobody outside can resolve."""


def problem_with(url: str, *, ports: bool) -> str:
    """What is wrong with ``url`` as the address of a server on the internet, or nothing.

    With ``ports`` another port than 443 can be reached there.

    >>> problem_with("http://voice.example.com", ports=True)
    "'http://voice.example.com' is not encrypted, and callers' services ask over https://"
    >>> problem_with("https://localhost", ports=True)
    "'localhost' is a name that no service of theirs can find"
    >>> problem_with("https://voice.example.com/agents", ports=True)
    "'/agents' is a path, and this place is asked for at the root of a host"

    A user and a password are left out of the words.
    """
    if wrong := addresses.problem_with(url):
        return wrong
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "a user and a password have no place in it: it goes to other people's services"
    if parts.scheme != "https":
        return f"'{url}' is not encrypted, and callers' services ask over https://"
    if parts.path.strip("/"):
        return f"'{parts.path}' is a path, and this place is asked for at the root of a host"
    return _host_problem(parts) or _port_problem(parts, ports=ports)


def _host_problem(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return f"'{host}' is a number, and certificates are for names"
    if not host.isascii():
        return f"'{host}' has letters that addresses are not written with{_punycode(host)}"
    labels = host.split(".")
    if len(host) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        return f"'{host}' is not the name of a host"
    if len(labels) < 2 or labels[-1] in _PRIVATE or labels[-1].isdigit():
        return f"'{host}' is a name that no service of theirs can find"
    return ""


def _punycode(host: str) -> str:
    try:
        return f": write {host.encode('idna').decode()}"
    except UnicodeError:
        return ""


def _port_problem(parts: SplitResult, *, ports: bool) -> str:
    if parts.netloc.endswith(":") or parts.port == 0:
        return f"'{parts.netloc}' names no port"
    if parts.port not in (None, 443) and not ports:
        return f"port {parts.port} is not open there: callers' services come to 443"
    return ""


def plain(url: str) -> str:
    """``url`` without what it doesn't need.

    >>> plain("https://Voice.example.com:443/")
    'https://voice.example.com'
    """
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in (None, 443) else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
