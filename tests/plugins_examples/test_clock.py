"""The clock knows zones, cities and abbreviations, and says so when one of them is not clear."""

from __future__ import annotations

from datetime import datetime
from types import ModuleType

import pytest

from agentrun import ToolError
from agentrun.testing import call_tool
from tests.plugins_examples.conftest import load_plugin

WINTER = datetime.fromisoformat("2026-11-23T18:05+00:00")
SUMMER = datetime.fromisoformat("2026-07-01T18:05+00:00")


@pytest.fixture(scope="module")
def clock() -> ModuleType:
    return load_plugin("clock")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("Tokyo", "In Asia/Tokyo it is 03:05 on Tuesday, 24 November 2026."),
        ("new  york", "In America/New_York it is 13:05 on Monday, 23 November 2026."),
        ("europe/paris", "In Europe/Paris it is 19:05 on Monday, 23 November 2026."),
        ("UTC", "In UTC it is 18:05 on Monday, 23 November 2026."),
        ("Kolkata", "In Asia/Kolkata it is 23:35 on Monday, 23 November 2026."),
    ],
)
def test_a_city_or_a_zone_has_a_time_and_a_day(clock: ModuleType, place: str, said: str) -> None:
    assert clock.tell(place, WINTER) == said


def test_summer_time_is_kept(clock: ModuleType) -> None:
    assert clock.tell("New York", SUMMER).startswith("In America/New_York it is 14:05")


@pytest.mark.parametrize("moment", [WINTER, SUMMER])
@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("Indiana", "America/Indiana"),
        ("CST", "Asia/Taipei"),
        ("PST", "Asia/Manila"),
        ("IST", "Asia/Kolkata"),
        ("America", "America/"),
    ],
)
def test_a_name_with_several_times_is_asked_about(
    clock: ModuleType, place: str, named: str, moment: datetime
) -> None:
    with pytest.raises(ToolError, match=r"more than one time.*Ask the caller") as told:
        clock.tell(place, moment)
    assert named in str(told.value)


@pytest.mark.parametrize("place", ["Springfield", "", "GMT+5", "../etc/passwd", "Atlantis " * 500])
def test_a_place_that_is_no_zone_is_asked_about(clock: ModuleType, place: str) -> None:
    with pytest.raises(ToolError, match="No time zone is named after"):
        clock.tell(place, WINTER)


def test_a_call_gets_the_time_of_now(clock: ModuleType) -> None:
    outcome = call_tool(clock.get_time, {"place": "UTC"})
    assert (outcome.status, outcome.text[:13]) == ("ok", "In UTC it is ")
