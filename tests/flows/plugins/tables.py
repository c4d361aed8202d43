"""Tables of a restaurant: the tools of ``restaurant_reservation.yaml``."""

from __future__ import annotations

from typing import Any

from agentrun import Call, hookimpl

TAKEN = {"7:00 PM", "8:00 PM"}


async def collect_party_size(call: Call, size: int) -> str:
    """Note how many people come.

    Args:
        size: Of the party.
    """
    call.state["party_size"] = size
    return f"a party of {size}"


async def check_availability(time: str) -> dict[str, Any]:
    """See whether there is a table.

    Args:
        time: Such as 6:00 PM.
    """
    if time in TAKEN:
        return {"status": "unavailable", "alternatives": ["5:00 PM", "6:00 PM", "9:00 PM"]}
    return {"status": "available", "time": time}


@hookimpl
def agentrun_tools() -> list[object]:
    return [collect_party_size, check_availability]
