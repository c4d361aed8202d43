"""Dates and times of day."""

from __future__ import annotations

import re
from datetime import date

from agentrun.text_normalization import context
from agentrun.text_normalization.vocabulary import Vocabulary

_ISO = re.compile(
    r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
)
_SLASHED = re.compile(r"(?<![\w/.-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?![\w/-])")
_DOTTED = re.compile(r"(?<![\w.])(\d{1,2})\.[ ]?(\d{1,2})\.[ ]?(\d{4}|\d{2})(?![\w]|\.\d)")
_DAY_MONTH = re.compile(r"(?<![\w.,])(\d{1,2})\.(\d{1,2})\.(?!\d)")
_TWELVE = re.compile(r"(?<![\w.:])(\d{1,2})(?:[:.](\d{2}))?\s?([AaPp])\.?\s?[Mm]\b(\.?)")
_CLOCK = re.compile(
    r"(?<![\w.:,/])([01]?\d|2[0-4]):([0-5]\d)(?::00)?(?=h\b|(?![\w:/]))(?!\.\d)"
    r"(?!\s?(?:Std|Stunden?|hours?|hrs?|min|[Mm]inut\w*|[Mm]inuti|Minuten)\b)(?:\s?(?:Uhr|uur|h)\b)?"
)
_DATE_BEFORE = re.compile(
    r"(?<!\w)(?:am|vom|bis|zum|ab|seit|den|der|dem|dieser|und|oder|spätestens|"
    r"(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Datum|Termin),?:? $",
    re.IGNORECASE,
)
_DATE_AFTER = re.compile(r" (?:um|bis|von|ab|statt|und|oder|ist|sind|geht|passt|gegen) |\s?[-–]\s?\d| ?\)")
_RATIO_BEFORE = re.compile(
    r"(?<!\w)(?:ratio|scale|odds|proportions?|score|verhältnis|maßstab|proporción|escala|rapport|échelle|"
    r"rapporto|scala|verhouding|schaal|proporção|mixed|dilute|diluted)(?: (?:of|is|von|de|di|van))? $",
    re.IGNORECASE,
)
_POINTED = re.compile(
    r"(?<![\w.,:])([01]?\d|2[0-4])\.([0-5]\d)(?=\s?(?:Uhr|uur)\b)|(?<=\bore )(\d{1,2})\.([0-5]\d)\b"
)
_HALF_DAY = re.compile(r"(\d{1,2}):00(?= [ap]\. ?m)")
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
        text = _DAY_MONTH.sub(lambda found: _day_month(found, words), text)
    return text


def spoken_times(text: str, words: Vocabulary) -> str:
    """``text`` with its times of the day as they are read out; after ranges are.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_times("At 9:05, or 3:15 p.m.", VOCABULARIES["en"])
    'At 9 oh 5, or 3 15 p.m.'
    """
    if words.code == "en":
        text = _TWELVE.sub(_twelve, text)
    if words.decimal == ",":
        text = _POINTED.sub(lambda found: ":".join(filter(None, found.groups())), text)
        text = _HALF_DAY.sub(r"\1", text)
    if words.code in ("fr", "pt"):
        text = _FRENCH.sub(lambda found: _time(found[1], found[2] or "00", words), text)
    return _CLOCK.sub(lambda found: _clock(found, words), text).replace("a.m..", "a.m.")


def _clock(found: re.Match[str], words: Vocabulary) -> str:
    return found[0] if _RATIO_BEFORE.search(context.before(found)) else _time(found[1], found[2], words)


def _iso(found: re.Match[str], words: Vocabulary) -> str:
    day = _say(int(found[1]), int(found[2]), int(found[3]), words)
    if not day:
        return found[0]
    return f"{day}, {_time(found[4], found[5], words)}" if found[4] else day


def _day_month(found: re.Match[str], words: Vocabulary) -> str:
    """``10.5.`` where what stands beside it tells that it is a day, not a version or a chapter."""
    leading = context.before(found)
    padded = len(found[1]) == len(found[2]) == 2
    is_day = padded or _DATE_BEFORE.search(leading) or _DATE_AFTER.match(found.string, found.end())
    if not is_day or context.names_version(leading):
        return found[0]
    return _say(0, int(found[2]), int(found[1]), words) or found[0]


def _is_code(found: re.Match[str]) -> bool:
    """Whether what looks like a date with a short year is a version or a code."""
    leading = context.before(found)
    short = len(found[3]) == 2 and (len(found[1]) == 1 or len(found[2]) == 1) and "." in found[0]
    return context.names_version(leading) or (
        len(found[3]) == 2 and (context.names_number(leading) or (short and not _DATE_BEFORE.search(leading)))
    )


def _numeric(found: re.Match[str], words: Vocabulary, *, day_first: bool) -> str:
    if _is_code(found):
        return found[0]
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
    if not 1 <= hour <= 12 or int(minute or 0) > 59:
        return found[0]
    text = str(hour) if minute in (None, "00") else f"{hour} {_minute(minute)}"
    return f"{text} {half}.m."


def _minute(minute: str) -> str:
    return f"oh {minute[1]}" if minute[0] == "0" else minute


def _time(hour: str, minute: str, words: Vocabulary) -> str:
    if words.code == "en" and int(hour) in (0, 24):
        return "midnight" if minute == "00" else f"12 {_minute(minute)} a.m."
    if minute == "00":
        template = words.hour if words.code != "en" or int(hour) <= 12 else "{hour} hundred"
        return template.format(hour=int(hour))
    spoken_minute = _minute(minute) if words.code == "en" else str(int(minute))
    return words.time.format(hour=int(hour), minute=spoken_minute)
