"""Short names of weekdays, which can be other words too: ``So``, ``mar``, ``Sun``.

One is a day where what stands beside it tells so: another day, a date or an hour, a word in small letters
behind its dot, or one before it, such as ``am``, that a day follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agentrun.text_normalization.vocabulary import Abbreviation

_HOUR = r"Uhr|uur|h\b|o'clock|[ap]\.m"
_LENGTH = r"heures?|horas?"
"""Hours, and lengths of time as well: hours behind a short name's dot, and none in "la mer, 5 heures"."""
_BEGIN = r"(?<![\w-])"
_LEAST_DAYS = 2
"""Different ones in a list: "zo, zo!" has one."""


def short_days(
    names: Mapping[str, str], months: Sequence[str], *, joins: str, to: str, after: str = "", never: str = ""
) -> tuple[Abbreviation, ...]:
    """What has short names of days be read as their ``names``; ranges of them are read before.

    ``joins`` are the words within a list, such as ``and|or``, and ``to`` the one within a range of hours.
    ``after`` are words that a day follows, such as ``am|bis``; what is ``never`` one there is no day.

    >>> days = short_days({"Mo": "Montag", "So": "Sonntag"}, ["Mai"], joins="und", to="bis", after="am")
    >>> text = "Am 1. Mai, am So. und Mo: 9 bis 17 Uhr. So 5 Leute. So, Mo zu."
    >>> for pattern, spoken in days:
    ...     text = re.sub(pattern, spoken, text)
    >>> text
    'Am 1. Mai, am Sonntag und Montag: 9 bis 17 Uhr. So 5 Leute. Sonntag, Montag zu.'
    """
    names = {**names, **{short.capitalize(): day for short, day in names.items()}}
    short, either = "|".join(names), "|".join([*names, *names.values()])
    month = "|".join(months)
    date = rf"(?:\d{{1,2}}\.? (?:de )?(?:{month})\b|(?:{month})\.? \d)"
    hours = rf"\d{{1,2}}(?: [0-5]\d)? (?:{to} \d|{_HOUR})"
    lengths = rf"\d{{1,2}}(?: [0-5]\d)? (?:{_LENGTH})"
    join = rf"(?:, ?(?:(?:{joins}) )?| (?:{joins}) | ?[/&+] ?)"

    def listed(found: re.Match[str]) -> str:
        days = {names.get(day, day) for day in re.findall(rf"\b(?:{either})\b", found[0])}
        if len(days) < _LEAST_DAYS:
            return found[0]
        return re.sub(rf"\b({short})\b\.?", lambda day: names[day[1]], found[0]) + _end(found)

    def alone(found: re.Match[str]) -> str:
        return names[found[1]] + _end(found)

    def following(found: re.Match[str]) -> str:
        return f"{found[1]} {names[found[2]]}{_end(found)}"

    beside = rf"\.(?=,? (?:[a-zß-ÿ(]|{date}|{hours}|{lengths}))|(?=: ?\d|,? {date}|, {hours})"
    many = rf"{_BEGIN}(?:{either})\b\.?(?:{join}(?:{either})\b\.?)+(?![-'’]\w)"
    found = [(many, listed), (rf"{_BEGIN}({short})(?:{beside})", alone)]
    if after:
        but = rf"(?!(?:{never})\b)" if never else ""
        found.append((rf"(?<!\w)((?i:{after})) {but}({short})\b\.?(?![-'’]\w| [A-Z])", following))
    return tuple(found)


def _end(found: re.Match[str]) -> str:
    """The dot of the last name, where it ends a sentence as well."""
    behind = found.string[found.end() : found.end() + 2]
    return "." if found[0].endswith(".") and (not behind or re.match(r" [A-ZÀ-Þ]", behind)) else ""
