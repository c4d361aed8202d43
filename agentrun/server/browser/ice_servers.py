"""STUN and TURN servers, with which browser and server find a route to each other.

Without them a server offers its machine's own addresses alone, which nobody reaches behind NAT or in a
network of containers (RFC 8445). TURN's credentials stand in the environment and nowhere else.
"""

from __future__ import annotations

import base64
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrun.errors import SetupError

SECRET = "AGENTRUN_TURN_SECRET"  # noqa: S105 - its name, not its value
USERNAME = "AGENTRUN_TURN_USERNAME"
PASSWORD = "AGENTRUN_TURN_PASSWORD"  # noqa: S105
LIFETIME_SECONDS = 6 * 3600
"""How long credentials last that are made with the secret: longer than the longest call."""
MOST_SERVERS = 8
_ADDRESS = re.compile(
    r"(stuns?|turns?):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?(\?transport=(udp|tcp))?"
)
"""RFC 7064 and RFC 7065; STUN's has no transport."""
_FOR_PAGES_ALONE = "stuns:"
"""What browsers know, and aiortc doesn't."""


@dataclass(frozen=True)
class IceServers:
    """The servers at ``urls``, with what opens those of TURN; ``clock`` is in Unix seconds.

    >>> IceServers(("stun:stun.example.com:3478",)).as_json()
    [{'urls': ['stun:stun.example.com:3478']}]
    """

    urls: Sequence[str] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def as_json(self) -> list[dict[str, Any]]:
        """As a page gives them to its RTCPeerConnection (W3C's ``RTCIceServer``); credentials are fresh."""
        stun = [url for url in self.urls if url.startswith("stun")]
        turn = [url for url in self.urls if url.startswith("turn")]
        servers: list[dict[str, Any]] = [{"urls": stun}] if stun else []
        if turn:
            username, password = self._credentials()
            servers.append({"urls": turn, "username": username, "credential": password})
        return servers

    def for_aiortc(self) -> list[dict[str, Any]]:
        """The same for this end, which knows no ``stuns:``."""
        servers = self.as_json()
        for one in servers:
            one["urls"] = [url for url in one["urls"] if not url.startswith(_FOR_PAGES_ALONE)]
        return [one for one in servers if one["urls"]]

    def _credentials(self) -> tuple[str, str]:
        """TURN's name and password: as they are, or made with the secret that the TURN server has as well.

        https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00, coturn's ``use-auth-secret``.
        """
        if not self.secret:
            return self.username, self.password
        username = f"{int(self.clock()) + LIFETIME_SECONDS}:agentrun"
        digest = hmac.digest(self.secret.encode(), username.encode(), "sha1")
        return username, base64.b64encode(digest).decode()


def read(urls: Sequence[str], environ: Mapping[str, str]) -> IceServers:
    """The servers that ``--ice-server`` names.

    Raises SetupError for an address that is none, and for TURN without what opens it.
    """
    for url in urls:
        match = _ADDRESS.fullmatch(url)
        if not match or not 0 < int(match["port"] or 1) < 65536 or (url[0] == "s" and "?" in url):
            shown = re.sub(r"//[^@]*@|(?<=:)[^@:]*:[^@]*@", "…@", url)
            raise SetupError(
                f"--ice-server: '{shown}' is not an address of a STUN or TURN server",
                f"write stun:HOST:3478, turn:HOST:3478 or turns:HOST:5349?transport=tcp; a name and a"
                f" password are {USERNAME} and {PASSWORD}",
            )
    if len(urls) > MOST_SERVERS:
        raise SetupError(f"--ice-server: at most {MOST_SERVERS} servers", "name the nearest ones")
    username, password, secret = (environ.get(name, "") for name in (USERNAME, PASSWORD, SECRET))
    if any(url.startswith("turn") for url in urls) and not secret and not (username and password):
        raise SetupError(
            "a TURN server is named, but no credentials for it",
            f"export {SECRET}=… (coturn's static-auth-secret), or {USERNAME}=… and {PASSWORD}=…",
        )
    return IceServers(tuple(urls), username, password, secret)
