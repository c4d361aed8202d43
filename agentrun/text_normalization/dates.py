"""Dates and times of day."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from agentrun.text_normalization import context
from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary

_ISO = re.compile(
    r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
)
_YEAR_FIRST = re.compile(r"(?<![\w/.-])(\d{4})/(\d{1,2})/(\d{1,2})(?![\w/-])")
_NAMED_MONTH = re.compile(r"(?<![\w./-])(\d{1,2})([-/])([^\W\d_]{3,9})\2(\d{4}|\d{2})(?![\w/-])")
"""``10-Dec-2026``."""
_ORDINAL_DAYS = re.compile(r"(?<![\w.,])(\d{1,3})\. ?[-–—] ?(?=\d{1,3}\. [A-ZÄÖÜa-zäöü])")
"""``10.-12. Mai``."""
_ENGLISH_ORDINALS = re.compile(r"(?<![\w.,])(\d+(?:st|nd|rd|th)) ?[-–—] ?(?=\d+(?:st|nd|rd|th)\b)")
_SLASHED = re.compile(r"(?<![\w/.-])(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?![\w/-])")
_DOTTED = re.compile(r"(?<![\w.])(\d{1,2})\.[ ]?(\d{1,2})\.[ ]?(\d{4}|\d{2})(?![\w]|\.\d)")
_DAY_MONTH = re.compile(r"(?<![\w.,])(\d{1,2})\.(\d{1,2})\.(?!\d)")
_TWELVE = re.compile(r"(?<![\w.:])(\d{1,2})(?:[:.](\d{2}))?\s?([AaPp])\.?\s?[Mm]\b(\.?)")
_CLOCK = re.compile(
    r"(?<![\w.:,/])([01]?\d|2[0-4]):([0-5]\d)(?::00)?(?=[hu]\b|(?![\w:/]))(?!\.\d)"
    r"(?!\s?(?:Std|Stunden?|hours?|hrs?|min|[Mm]inut\w*|[Mm]inuti|Minuten)\b)(?:\s?(?:Uhr|uur|[hu])\b)?"
)
_DATE_BEFORE = re.compile(
    r"(?<!\w)(?:am|vom|bis|zum|ab|seit|den|der|dem|dieser|und|oder|spätestens|"
    r"(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Datum|Termin),?:? $",
    re.IGNORECASE,
)
_DATE_AFTER = re.compile(r" (?:um|bis|von|ab|statt|und|oder|ist|sind|geht|passt|gegen) |\s?[-–]\s?\d| ?\)")
_DAY_BEFORE = re.compile(r"\d\. ?[-–] ?$")
_RATIO_BEFORE = re.compile(
    r"(?<!\w)(?:ratio|scale|odds|proportions?|score|verhältnis|maßstab|proporción|escala|rapport|échelle|"
    r"rapporto|scala|verhouding|schaal|proporção|mixed|dilute|diluted)(?: (?:of|is|von|de|di|van))? $",
    re.IGNORECASE,
)
_POINTED = re.compile(
    r"(?<![\w.,:])([01]?\d|2[0-4])\.([0-5]\d)(?=\s?(?:Uhr|uur|u)\b)"
    r"|(?:(?<=\bore )|(?<=\b[Aa]lle )|(?<=\b[Dd]alle ))(\d{1,2})\.([0-5]\d)\b(?![.,]\d)"
)
_HALF_DAY = re.compile(r"(\d{1,2}):00(?= ?[apAP](?:\. ?)?[mM]\b)")
_HOURS = re.compile(
    r"(?<![\w.:,/-])(\d{1,2}(?: ?[hu](?:[0-5]\d)?)?) ?[-–—] ?(?=\d{1,2} ?[hu](?:[0-5]\d)?(?!\w))"
)
_WITH_LETTER = re.compile(r"(?<![\w.:])([01]?\d|2[0-4])(?: ?h ?|u(?=\d|\b))([0-5]\d)?(?!\w)")
"""``9h30`` as French and Portuguese have it, and others with minutes alone; ``9u30`` in Flanders."""


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
    text = _YEAR_FIRST.sub(lambda found: _year_first(found, words), text)
    text = _NAMED_MONTH.sub(lambda found: _named_month(found, words), text)
    if words.code == "de":
        text = _DAY_MONTH.sub(lambda found: _day_month(found, words), text)
        text = _ORDINAL_DAYS.sub(rf"\1. {words.to} ", text)
    if words.code == "en":
        text = _ENGLISH_ORDINALS.sub(rf"\1 {words.to} ", text)
    return _between_days(words.code).sub(rf"\1 {words.to} ", text)


def spoken_times(text: str, words: Vocabulary) -> str:
    """``text`` with its times of the day as they are read out; after ranges are.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_times("At 9:05, or 3:15 p.m.", VOCABULARIES["en"])
    'At 9 oh 5, or 3 15 p.m.'
    """
    if words.code == "en":
        text = _TWELVE.sub(_twelve, text)
    text = _HOURS.sub(rf"\1 {words.to} ", text)
    if words.code != "en":
        text = _POINTED.sub(lambda found: ":".join(filter(None, found.groups())), text)
        text = _HALF_DAY.sub(r"\1", text)
        text = _WITH_LETTER.sub(lambda found: _with_letter(found, words), text)
    return _CLOCK.sub(lambda found: _clock(found, words), text).replace("a.m..", "a.m.")


def _clock(found: re.Match[str], words: Vocabulary) -> str:
    return found[0] if _RATIO_BEFORE.search(context.before(found)) else _time(found[1], found[2], words)


def _with_letter(found: re.Match[str], words: Vocabulary) -> str:
    """An hour; in languages that measure with the same letter, one with minutes alone."""
    is_dutch = "u" in found[0]
    if is_dutch is not (words.code == "nl") or not (found[2] or is_dutch or words.code in ("fr", "pt")):
        return found[0]
    return _time(found[1], found[2] or "00", words)


@cache
def _between_days(language: str) -> re.Pattern[str]:
    """A day in words, and the sign between it and the day until which something lasts."""
    words = VOCABULARIES[language]
    month, end = "|".join(words.months), r" ?[-–—] ?"
    if not words.day_first:
        return re.compile(rf"(?<!\w)((?:{month}) \d{{1,2}}(?:, \d{{4}})?){end}(?=(?:{month}) \d)")
    day = rf"\d{{1,2}}(?:\.|er)? (?:de )?(?:{month})"
    return re.compile(rf"(?<![\w.,])({day}(?: (?:de )?\d{{4}})?){end}(?={day})")


def _year_first(found: re.Match[str], words: Vocabulary) -> str:
    return _say(int(found[1]), int(found[2]), int(found[3]), words) or found[0]


def _named_month(found: re.Match[str], words: Vocabulary) -> str:
    short = found[3].lower()
    month = next((n for n, name in enumerate(words.months, 1) if name.lower().startswith(short)), 0)
    year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
    return (_say(year, month, int(found[1]), words) if month else "") or found[0]


def _iso(found: re.Match[str], words: Vocabulary) -> str:
    day = _say(int(found[1]), int(found[2]), int(found[3]), words)
    if not day:
        return found[0]
    return f"{day}, {_time(found[4], found[5], words)}" if found[4] else day


def _day_month(found: re.Match[str], words: Vocabulary) -> str:
    """``10.5.`` where what stands beside it tells that it is a day, not a version or a chapter."""
    leading = context.before(found)
    padded = len(found[1]) == len(found[2]) == 2
    beside = _DATE_BEFORE.search(leading) or _DATE_AFTER.match(found.string, found.end())
    is_day = padded or beside or _DAY_BEFORE.search(leading)
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
    first = "1er" if words.code == "fr" and day == 1 else day
    return shape.format(day=first, month=words.months[month - 1], year=year)


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
        return _one_hour(template.format(hour=int(hour)))
    spoken_minute = _minute(minute) if words.code == "en" else str(int(minute))
    return _one_hour(words.time.format(hour=int(hour), minute=spoken_minute))


def _one_hour(text: str) -> str:
    """``1 heure``, and not ``1 heures``."""
    return re.sub(r"^([01]) (heure|hora)s\b", r"\1 \2", text)
