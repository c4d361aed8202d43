"""Makes connections notice when their peer vanishes without closing.

A balancer that was exchanged, a machine without power and a network that has forgotten a connection tell
nobody. A request on it would wait for as long as the caller does, while a new connection would be answered.
"""

from __future__ import annotations

import socket
from typing import Any

UNACKNOWLEDGED_MS = 3_000
"""How long what was sent may be without an acknowledgement; the client then tries on a new connection."""
_IDLE_SECONDS = 5
"""How long nothing may come before the other end is asked whether it is there, each second, three times."""


def socket_options() -> list[tuple[int, int, int]]:
    """What sockets are told, of what this system has; Linux has all of it."""
    wanted = {
        "TCP_KEEPIDLE": _IDLE_SECONDS,
        "TCP_KEEPINTVL": 1,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": UNACKNOWLEDGED_MS,
    }
    there = [(getattr(socket, name), value) for name, value in wanted.items() if hasattr(socket, name)]
    told = [(socket.IPPROTO_TCP, option, value) for option, value in there]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *told]


def watch(transport: Any) -> None:
    """Have the connection of an asyncio ``transport`` notice too; one of no socket is left as it is."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        for option in socket_options():
            connection.setsockopt(*option)
