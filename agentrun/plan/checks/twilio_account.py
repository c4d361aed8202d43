"""Checks Twilio's environment variables and public URL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from agentrun.providers import key_faults

SID, TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_API_KEY = re.compile(r"SK[0-9a-fA-F]{32}")


def faults(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each variable of the account that can't be right, what is wrong with it, and the next step.

    >>> [name for name, _, _ in faults({SID: "AC" + "0" * 32, TOKEN: "AC" + "0" * 32})]
    ['TWILIO_AUTH_TOKEN']
    """
    sid, token = environ.get(SID, ""), environ.get(TOKEN, "")
    for name, value in ((SID, sid), (TOKEN, token)):
        if words := key_faults.fault(value):
            yield name, words, f"export {name}=… again, without it"
    if _ACCOUNT.fullmatch(token):
        yield TOKEN, "is the SID of an account, which is no secret", f"exchange it with {SID}"
    if _API_KEY.fullmatch(sid):
        yield SID, "is the SID of an API key", "export it as TWILIO_API_KEY_SID, with TWILIO_API_KEY_SECRET"


def unreachable(url: str) -> str:
    """Why Twilio opens no stream at ``url``; nothing where it may, or where nobody but this machine asks.

    >>> unreachable("http://voice.example.com"), unreachable("http://127.0.0.1:7860")
    ('Twilio opens streams over TLS alone', '')
    >>> unreachable("https://localhost")
    'Twilio reaches no address of this machine alone'
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    try:
        near = not ip_address(host).is_global
    except ValueError:
        near = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if near:
        return "Twilio reaches no address of this machine alone" if parts.scheme == "https" else ""
    return "" if parts.scheme == "https" else "Twilio opens streams over TLS alone"
