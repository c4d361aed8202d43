"""Tells systemd that a server takes calls.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import socket
from collections.abc import MutableMapping

from loguru import logger

VARIABLE = "NOTIFY_SOCKET"


def take(environ: MutableMapping[str, str]) -> str:
    """Where the service manager hears of this server, empty for none; what this starts is not told of it."""
    return environ.pop(VARIABLE, "")


def tell(address: str) -> None:
    """Say at ``address``, a path or @ and an abstract name, that calls are taken from now on."""
    if not address:
        return
    place = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(place)
            sock.sendall(b"READY=1")
    except OSError as error:
        logger.error("systemd can't be told at {} that calls are taken: {}", address, error.strerror)
