"""Tell the time, anywhere in the world."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from agentrun import ToolError, hookimpl

HALF_A_YEAR = timedelta(days=182)
MOST_NAMED = 6


def get_time(place: str) -> str:
    """Say what day and what time it is somewhere.

    Args:
        place: A city such as Tokyo or New York, or a time zone such as Europe/Paris. In English.
    """
    return tell(place, datetime.now().astimezone())


@hookimpl
def agentrun_tools() -> list[Callable[..., Any]]:
    return [get_time]


def tell(place: str, now: datetime) -> str:
    """The time in ``place`` at the moment ``now``; raises ToolError when it has none, or several.

    >>> tell("Tokyo", datetime.fromisoformat("2026-11-23T18:05+00:00"))
    'In Asia/Tokyo it is 03:05 on Tuesday, 24 November 2026.'
    """
    times = {now.astimezone(ZoneInfo(zone)).replace(tzinfo=None): zone for zone in zones(place, now)}
    if not times:
        raise ToolError(
            f"No time zone is named after '{place}'. Call again with the zone that it lies in, such as "
            "America/New_York. If you are not sure where it is, ask the caller for a large city nearby."
        )
    if len(times) > 1:
        names = ", ".join(list(times.values())[:MOST_NAMED])
        raise ToolError(f"'{place}' has more than one time, such as {names}. Ask the caller which is meant.")
    [(here, zone)] = times.items()
    return f"In {zone} it is {here:%H:%M} on {here:%A}, {here.day} {here:%B %Y}."


def zones(place: str, now: datetime) -> list[str]:
    """The zones that ``place`` may mean: itself, those named after it, or those whose clocks are called so.

    ``Etc/GMT+5`` is left out: it is five hours *behind* Greenwich, and nobody who says it means that.
    """
    key = "_".join(place.casefold().split())
    names = sorted(zone for zone in available_timezones() if not zone.startswith("Etc/"))
    exact = [zone for zone in names if zone.casefold() == key]
    matches = [zone for zone in names if key in zone.casefold().split("/")]
    return exact or matches or [zone for zone in names if "/" in zone and key in clocks(zone, now)]


def clocks(zone: str, now: datetime) -> set[str]:
    """What a zone's time is called in winter and in summer, such as ``{'est', 'edt'}``."""
    moments = (now, now + HALF_A_YEAR)
    return {str(moment.astimezone(ZoneInfo(zone)).tzname()).casefold() for moment in moments}
