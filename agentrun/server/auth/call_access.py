"""Who may start calls, decided once when the server starts."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Mapping
from enum import Enum

from agentrun.errors import SetupError

KEY_VARIABLE = "AGENTRUN_API_KEY"
TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"  # noqa: S105 - its name, not its value


class Access(Enum):
    """How Twilio's routes treat a request."""

    SIGNED = "signatures and stream tokens are enforced"
    OPEN = "unsigned calls are accepted"
    CLOSED = "calls are refused"


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name or an address) can only be reached from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def decide(
    host: str,
    environ: Mapping[str, str],
    *,
    offline: bool,
    insecure: bool,
    transports: Container[str] = ("twilio",),
) -> Access:
    """Decide how Twilio's routes are guarded on ``host``.

    With an auth token everything is enforced. Without one only a loopback host starts at all, and only
    ``--offline`` or ``--insecure`` opens it. Where none of the agents' ``transports`` is Twilio nobody misses
    the token; for pages alone a server needs its own key, without which nobody could begin a call.
    Raises SetupError for what would let strangers in, and for what would let nobody in.
    """
    loopback = is_loopback(host)
    if insecure and not loopback:
        raise SetupError(
            f"--insecure is refused on {host}: anyone could call at your expense",
            f"set {TOKEN_VARIABLE}, or listen on 127.0.0.1",
        )
    if environ.get(TOKEN_VARIABLE):
        return Access.SIGNED
    if not loopback and "twilio" not in transports:
        if "daily" not in transports and not environ.get(KEY_VARIABLE):
            raise SetupError(
                f"{KEY_VARIABLE} is not set, and on {host} no page can begin a call without it",
                f"export {KEY_VARIABLE}=…, or listen on 127.0.0.1",
            )
        return Access.CLOSED
    if not loopback:
        raise SetupError(
            f"{TOKEN_VARIABLE} is not set, and {host} can be reached by strangers",
            f"export {TOKEN_VARIABLE}=… (Twilio's console shows it), or listen on 127.0.0.1",
        )
    return Access.OPEN if offline or insecure else Access.CLOSED
