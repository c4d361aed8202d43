"""Opening hours, in the zone of the shop."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agentrun.spec.models.callers_and_hours import Hours

BERLIN = ZoneInfo("Europe/Berlin")
SHOP = {
    "mon": "09:00-17:30",
    "sat": ["09:00-12:00", "13:00-15:00"],
    "fri": "22:00-02:00",
    "sun": "00:00-24:00",
}


def hours(**days: object) -> Hours:
    return Hours.model_validate({"zone": "Europe/Berlin", "open": days or SHOP})


@pytest.mark.parametrize(
    ("day", "time", "is_open"),
    [
        (16, "08:59", False),  # a Monday
        (16, "09:00", True),
        (16, "17:29", True),
        (16, "17:30", False),
        (17, "12:00", False),  # not named
        (20, "21:59", False),  # a Friday that lasts until Saturday
        (20, "23:00", True),
        (21, "01:59", True),
        (21, "02:00", False),
        (21, "12:30", False),  # lunch
        (21, "14:00", True),
        (22, "00:00", True),  # all of Sunday
        (22, "23:59", True),
        (23, "00:00", False),
    ],
)
def test_an_agent_answers_at_its_hours(day: int, time: str, is_open: bool) -> None:
    hour, minute = map(int, time.split(":"))
    assert hours().is_open(datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)) is is_open


def test_the_zone_of_the_shop_counts_not_the_server_s() -> None:
    utc = datetime(2026, 7, 6, 7, 30, tzinfo=ZoneInfo("UTC"))
    assert hours().is_open(utc)
    assert not hours().is_open(utc - timedelta(hours=1))


def test_it_knows_how_long_it_stays_closed_also_over_the_change_of_the_clocks() -> None:
    sunday_shop = hours(sun="09:00-10:00")
    saturday = datetime(2026, 3, 28, 9, 0, tzinfo=BERLIN)
    assert sunday_shop.seconds_until_open(saturday) == 23 * 3600
    assert sunday_shop.seconds_until_open(saturday + timedelta(days=1, minutes=5)) == 0
    assert hours(sat="08:00-08:30").seconds_until_open(saturday) == pytest.approx(7 * 86_400 - 7200)
