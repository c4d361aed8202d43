"""Checks the addresses in specs on this machine or its network: are they up, and who can reach them?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agentrun.plan import asked_addresses
from agentrun.plan.asked_addresses import Address
from agentrun.plan.plan import Plan
from agentrun.server.doctor.local_checks import Finding

WHAT = "address"
CONNECT_SECONDS = 3.0
_ONLY = {
    "machine": "this machine alone reaches it: agents that run elsewhere, or in a container, don't",
    "network": "only its own network reaches it: agents that run in a cloud don't",
}


async def answered(plans: Sequence[Plan]) -> list[Finding]:
    """Open a connection to each such address of ``plans`` and of those they hand over to; nothing is sent."""
    found: dict[tuple[str, int], tuple[str, Address]] = {}
    for plan in (one for each in plans for one in each.everyone):
        for address in asked_addresses.of(plan):
            if address.reach != "anywhere":
                place = f"{plan.spec.name}: {plan.file.problem(address.where, '').where}"
                found.setdefault((address.host, address.port), (place, address))
    return list(await asyncio.gather(*(_connect_to(place, address) for place, address in found.values())))


async def _connect_to(place: str, address: Address) -> Finding:
    only = _ONLY[address.reach]
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except (OSError, UnicodeError) as error:
        why = "does not answer" if isinstance(error, TimeoutError) else "can't be reached"
        hint = f"start what is to be asked there, or name another address; {only}"
        return Finding(WHAT, "error", f"{place}: {address} {why}", hint)
    writer.close()
    return Finding(WHAT, "ok", f"{place}: {address} is there; {only}")
