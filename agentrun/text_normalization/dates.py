"""Dates, and times of the day."""

from __future__ import annotations

import re
from datetime import date

from agentrun.text_normalization.vocabulary import Vocabulary

_ISO = re.compile(
    r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
)
_SLASHED = re.compile(r"(?<![\w/.-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?![\w/-])")
_DOTTED = re.compile(r"(?<![\w.])(\d{1,2})\.[ ]?(\d{1,2})\.[ ]?(\d{4}|\d{2})(?![\w]|\.\d)")
_DAY_MONTH = re.compile(r"(?<![\w.,])(\d{1,2})\.(\d{1,2})\.(?!\d)")
_TWELVE = re.compile(r"(?<![\w.:])(\d{1,2})(?:[:.](\d{2}))?\s?([AaPp])\.?\s?[Mm]\b(\.?)")
_CLOCK = re.compile(r"(?<![\w.:,/])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?![\w:/])(?:\s(?:Uhr|uur|h)\b)?")
_FRENCH = re.compile(r"(?<![\w.:])([01]?\d|2[0-4]) ?h ?([0-5]\d)?(?!\w)")


def spoken(text: str, words: Vocabulary, *, day_first: bool | None = None) -> str:
    """``text`` with its dates as they are read out; before telephone numbers are.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("On 2026-05-10.", VOCABULARIES["en"])
    'On May 10, 2026.'
    """
    first = words.day_first if day_first is None else day_first
    text = _ISO.sub(lambda found: _iso(found, words), text)
    text = _SLASHED.sub(lambda found: _numeric(found, words, day_first=first), text)
    text = _DOTTED.sub(lambda found: _numeric(found, words, day_first=True), text)
    if words.code == "de":
        text = _DAY_MONTH.sub(lambda found: _say(0, int(found[2]), int(found[1]), words) or found[0], text)
    return text


def spoken_times(text: str, words: Vocabulary) -> str:
    """``text`` with its times of the day as they are read out; after ranges are.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_times("At 9:05, or 3:15 p.m.", VOCABULARIES["en"])
    'At 9 oh 5, or 3 15 p.m.'
    """
    if words.code == "en":
        text = _TWELVE.sub(_twelve, text)
    if words.code == "fr":
        text = _FRENCH.sub(lambda found: _time(found[1], found[2] or "00", words), text)
    return _CLOCK.sub(lambda found: _time(found[1], found[2], words), text)


def _iso(found: re.Match[str], words: Vocabulary) -> str:
    day = _say(int(found[1]), int(found[2]), int(found[3]), words)
    if not day:
        return found[0]
    return f"{day}, {_time(found[4], found[5], words)}" if found[4] else day


def _numeric(found: re.Match[str], words: Vocabulary, *, day_first: bool) -> str:
    day, month = (int(found[1]), int(found[2])) if day_first else (int(found[2]), int(found[1]))
    if month > 12:
        day, month = month, day
    year = int(found[3]) + (2000 if len(found[3]) == 2 else 0)
    return _say(year, month, day, words) or found[0]


def _say(year: int, month: int, day: int, words: Vocabulary) -> str:
    """A date in words, without its year where that is 0; nothing where there is no such day."""
    try:
        date(year or 2000, month, day)
    except ValueError:
        return ""
    shape = words.date if year else words.day_month
    return shape.format(day=day, month=words.months[month - 1], year=year)


def _twelve(found: re.Match[str]) -> str:
    hour, minute, half = int(found[1]), found[2], found[3].lower()
    if not 1 <= hour <= 12:
        return found[0]
    text = str(hour) if minute in (None, "00") else f"{hour} {_minute(minute)}"
    return f"{text} {half}.m."


def _minute(minute: str) -> str:
    return f"oh {minute[1]}" if minute[0] == "0" else minute


def _time(hour: str, minute: str, words: Vocabulary) -> str:
    if minute == "00":
        template = words.hour if words.code != "en" or int(hour) <= 12 else "{hour} hundred"
        return template.format(hour=int(hour))
    spoken_minute = _minute(minute) if words.code == "en" else str(int(minute))
    return words.time.format(hour=int(hour), minute=spoken_minute)
