"""Which addresses are public."""

from __future__ import annotations

import pytest

from agentrun.tools.http.address import is_public

INSIDE = ("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1")  # noqa: S104
INSIDE_6 = ("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::")


@pytest.mark.parametrize("address", [*INSIDE, *INSIDE_6, "100.64.0.1"])
def test_an_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
