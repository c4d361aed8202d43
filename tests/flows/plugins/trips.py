"""Trips: the tools of ``travel_planner.json``."""

from __future__ import annotations

from typing import Any

from agentrun import Call, hookimpl


def select_destination(call: Call, destination: str) -> dict[str, Any]:
    """Choose where to go.

    Args:
        destination: Where.
    """
    call.state["destination"] = destination
    return {"status": "ok"}


def record_dates(call: Call, start: str, nights: int) -> dict[str, Any]:
    """Note the dates.

    Args:
        start: First day.
        nights: How many.
    """
    call.state["trip"] = {"start": start, "nights": nights}
    return {"nights": nights}


@hookimpl
def agentrun_tools() -> list[Any]:
    return [select_destination, record_dates]
