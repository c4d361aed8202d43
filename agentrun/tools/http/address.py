"""Resolves and checks a host's address, and connects to exactly that address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from agentrun.errors import ToolError


class UnknownHostError(ToolError):
    """Nobody knows the address of a host."""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_HOLDS_IPV4 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "::/96")))
"""Whose last 32 bits are an IPv4 address, which is what is reached: RFC 6052, RFC 4291, RFC 7915."""
_OF_A_NETWORK = ipaddress.IPv6Network("64:ff9b:1::/48")
"""A network's own translation to IPv4 (RFC 8215), which Python before 3.13 takes for the internet's."""


def is_public(address: str) -> bool:
    """Whether an address is on the internet: not private, loopback, link-local or multicast.

    Of an address of IPv6 that leads to one of IPv4, that one counts.

    >>> is_public("8.8.8.8"), is_public("169.254.169.254"), is_public("64:ff9b::127.0.0.1")
    (True, False, False)
    """
    ip: Address = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = _ipv4_of(ip) or ip
    if isinstance(ip, ipaddress.IPv6Address) and (ip.is_site_local or ip in _OF_A_NETWORK):
        return False
    return ip.is_global and not ip.is_multicast


def is_private(host: str) -> bool:
    """Whether a host that is written as an address, or is this machine, is not on the internet.

    >>> is_private("10.0.0.7"), is_private("localhost"), is_private("shop.example")
    (True, True, False)
    """
    try:
        return host.lower() == "localhost" or not is_public(host)
    except ValueError:
        return False


def _ipv4_of(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Where ``ip`` leads: through NAT64, 6to4 or a mapping."""
    if any(ip in network for network in _HOLDS_IPV4):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.sixtofour


async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses that may be connected to, in the resolver's order.

    Raises ToolError for an unknown host, and for one with a private address among them.
    """
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHostError(f"{host} can't be found just now.") from None
    addresses = [str(entry[4][0]) for entry in entries]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise ToolError(f"{host} is inside a private network, and may not be asked.")
    return list(dict.fromkeys(addresses))
