"""Socket activation: systemd listens on a socket, and passes it to the server that it starts.

https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from agentrun.errors import SetupError

FIRST = 3
"""The descriptor of the first socket."""
NAME = "http"
"""The socket's name if there are several: ``FileDescriptorName=``."""
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def take(environ: MutableMapping[str, str], first: int = FIRST) -> socket.socket | None:
    """The socket that systemd has passed to this process, or None; its environment variables are removed.

    Of several it is the one named ``http``. Raises SetupError for one that no server can listen on.
    """
    pid, number, names = (environ.pop(name, "") for name in VARIABLES)
    if pid != str(os.getpid()):
        return None
    if not number.isdecimal() or not 0 < int(number) < 1000:
        raise SetupError(f"LISTEN_FDS is '{number[:20]}', not a number of sockets", "start it by its unit")
    position = _position(int(number), names.split(":"))
    try:
        sock = socket.socket(fileno=first + position)
    except OSError as error:
        words = f"what systemd handed over is not a socket: {error.strerror}"
        raise SetupError(words, _HINT) from None
    os.set_inheritable(sock.fileno(), False)
    _require_listening(sock)
    return sock


def _position(number: int, names: list[str]) -> int:
    if number == 1:
        return 0
    if names.count(NAME) != 1:
        shown = ", ".join(f"'{name[:40]}'" for name in names[:10] if name) or "nothing"
        raise SetupError(
            f"systemd handed over {number} sockets, and they are called {shown}",
            f"write FileDescriptorName={NAME} in the unit of the one that calls come to",
        )
    return names.index(NAME)


def _require_listening(sock: socket.socket) -> None:
    """Raise SetupError, and close it, where ``sock`` is not one of TCP that listens."""
    is_tcp = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
    if is_tcp and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return
    what = "does not listen" if is_tcp else "is none of TCP"
    sock.close()
    raise SetupError(f"the socket that systemd handed over {what}", _HINT)


_HINT = "write ListenStream=127.0.0.1:7860 in its unit, and no Accept=yes"
