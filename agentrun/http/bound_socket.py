"""A server's socket, bound before anything else is loaded."""

from __future__ import annotations

import errno
import ipaddress
import socket

from agentrun.errors import SetupError


def bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet; port 0 takes a free one.

    Raises SetupError when the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: 40 ms a small write otherwise
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
    except OSError as error:
        found.close()
        raise unusable(host, port, error) from None
    return found


def unusable(host: str, port: int, error: OSError) -> SetupError:
    """The error for a port that can't be bound or listened on."""
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
    return SetupError(f"port {port} of {host} {reason}", "choose another one with --port")


def host_of(sock: socket.socket, asked: str) -> str:
    """The host that ``sock`` really has, whatever was ``asked`` for; `localhost` stays where that is true.

    >>> with bind("127.0.0.1", 0) as sock:
    ...     host_of(sock, "localhost"), host_of(sock, "0.0.0.0")
    ('localhost', '127.0.0.1')
    """
    bound = str(sock.getsockname()[0])
    return asked if asked == "localhost" and ipaddress.ip_address(bound).is_loopback else bound


def inherit(descriptor: int) -> socket.socket:
    """The socket that a supervisor has bound and handed on."""
    return socket.socket(fileno=descriptor)
