"""Tells systemd when the server is ready, and until then that it is still starting.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, MutableMapping

from loguru import logger

VARIABLE = "NOTIFY_SOCKET"
PAUSE_SECONDS = 30.0
"""Between two messages that it is still starting."""
MOST_MESSAGES = 120
"""So that a start which hangs is ended after an hour: bringing tables up to date may take nearly as long."""
_WAIT = b"EXTEND_TIMEOUT_USEC=%d" % (3 * PAUSE_SECONDS * 1_000_000)
"""That systemd is to wait for the next one, where ``TimeoutStartSec`` is over; two may be lost."""


def take(environ: MutableMapping[str, str]) -> str:
    """Where the service manager hears of this server, empty for none; what this starts is not told of it."""
    return environ.pop(VARIABLE, "")


@contextlib.contextmanager
def prolonged(address: str, pause: float = PAUSE_SECONDS, most: int = MOST_MESSAGES) -> Iterator[None]:
    """Have the manager at ``address`` wait for what starts in the block, whatever its own time for that is.

    It is told each ``pause`` seconds, ``most`` times, from a thread: a start may keep the event loop busy.
    """
    if not address:
        yield
        return
    over = threading.Event()

    def tell_again() -> None:
        for _ in range(most):
            _send(address, _WAIT)
            if over.wait(pause):
                return

    threading.Thread(target=tell_again, name="systemd", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def tell(address: str) -> None:
    """Say at ``address``, a path or @ and an abstract name, that calls are taken from now on."""
    if address:
        _send(address, b"READY=1")


def _send(address: str, message: bytes) -> None:
    place = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect(place)
            sock.sendall(message)
    except OSError as error:
        logger.error("systemd can't be told at {} how the start goes: {}", address, error.strerror)
