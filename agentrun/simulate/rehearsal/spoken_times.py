"""Spoken times of day and dates."""

from __future__ import annotations

import datetime
import re

from agentrun.simulate.rehearsal.spoken_numbers import as_number

_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_MINUTES = "fifteen|thirty|forty-five|forty five"
_TIME = re.compile(
    rf"\b(?P<half>half past )?(?P<hour>\d{{1,2}}|{_HOURS})"
    rf"(?:[:.](?P<digits>\d\d)| (?P<minutes>{_MINUTES}))?"
    r"(?P<clock> o'?clock)?\s*(?P<part>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_NAMED_TIMES = {"noon": "12:00", "midnight": "00:00"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_NEAR_DAYS = {"day after tomorrow": 2, "tomorrow": 1, "today": 0, "tonight": 0, "this evening": 0}


def time(said: str) -> str | None:
    """The first time of day in ``said`` on the 24-hour clock; a bare number is none.

    >>> time("Tonight at half past seven pm")
    '19:30'
    """
    fallback = next((at for word, at in _NAMED_TIMES.items() if word in said.lower()), None)
    time_match = next((match for match in _TIME.finditer(said) if _is_time(match)), None)
    return _as_text(time_match) if time_match else fallback


def _is_time(match: re.Match[str]) -> bool:
    marks = (match["half"], match["digits"], match["minutes"], match["clock"], match["part"])
    return any(marks) and as_number(match["hour"]) < 24 and int(match["digits"] or 0) < 60


def _as_text(match: re.Match[str]) -> str:
    hour = int(as_number(match["hour"]))
    minute = int(match["digits"] or 0)
    if match["half"]:
        minute = 30
    elif match["minutes"]:
        minute = int(as_number(match["minutes"]))
    part = (match["part"] or "").lower()
    if part.startswith("p") and hour < 12:
        hour += 12
    if part.startswith("a") and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}"


def date(said: str, today: datetime.date) -> str | None:
    """The first day in ``said`` as YYYY-MM-DD; a weekday is the next one.

    >>> date("A table for Friday", datetime.date(2026, 3, 18))
    '2026-03-20'
    """
    match = _ISO.search(said)
    if match:
        return match[0]
    lowered = said.lower()
    days = next((days for word, days in _NEAR_DAYS.items() if word in lowered), None)
    if days is None:
        weekday = next((number for number, day in enumerate(_DAYS) if day in lowered), None)
        days = None if weekday is None else (weekday - today.weekday() - 1) % 7 + 1
    return None if days is None else (today + datetime.timedelta(days=days)).isoformat()


def blanked(said: str) -> str:
    """``said`` with blanks instead of its times and dates, whose numbers are no others.

    >>> blanked("For four at 7:30 pm, please")
    'For four at        , please'
    """
    dateless = _ISO.sub(lambda match: " " * len(match[0]), said)
    return _TIME.sub(lambda match: " " * len(match[0]) if _is_time(match) else match[0], dateless)
