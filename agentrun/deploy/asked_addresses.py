"""Addresses that an agent connects to, checked for the target where it will run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from agentrun.errors import Problem
from agentrun.plan import asked_addresses
from agentrun.plan.plan import Plan

ALWAYS = (443, 5432)
"""The ports of providers and of the store."""


def problems(plan: Plan, itself: str, near: Collection[str] = ()) -> Iterator[Problem]:
    """Warn of addresses that are others there: ``itself`` is what loopback leads to, such as a container.

    Hosts whose names end with one of ``near`` are there as well.
    """
    for one in plan.everyone:
        yield from _of(one, itself, tuple(near))


def _of(plan: Plan, itself: str, near: tuple[str, ...]) -> Iterator[Problem]:
    for address in asked_addresses.of(plan):
        if address.host.lower().rstrip(".").endswith(near):
            continue
        if address.reach == "machine":
            words = f"{address} is {itself} there, and not this machine"
            hint = "name an address that can be asked from there, such as ${NAME}, unless it runs there too"
        elif address.reach == "network":
            words = f"{address} can be asked from within its own network alone"
            hint = (
                "name an address that can be asked from there, such as ${NAME}, unless it is in that network"
            )
        else:
            continue
        yield plan.file.problem(address.where, words, hint, "warning")


def ports(plans: Iterable[Plan]) -> list[int]:
    """The ports that ``plans`` ask at, which a network may have to let out; with those that all need."""
    asked = {one.port for plan in plans for one in asked_addresses.of(plan) if one.reach != "machine"}
    return sorted({*ALWAYS, *asked})
