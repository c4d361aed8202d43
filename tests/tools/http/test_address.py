"""Which addresses are public."""

from __future__ import annotations

import pytest

from agentrun.tools.http.address import is_public

INSIDE = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1")  # noqa: S104
INSIDE_6 = ("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::", "fec0::1", "ff02::1")
LEAD_INSIDE = (
    *("64:ff9b::a9fe:a9fe", "64:ff9b::127.0.0.1", "64:ff9b:1::a00:1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    *("::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254"),
)
"""Through NAT64, 6to4, Teredo, and addresses that hold one of IPv4."""


@pytest.mark.parametrize("address", [*INSIDE, *INSIDE_6, *LEAD_INSIDE, "100.64.0.1"])
def test_an_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
