"""Streets of American addresses by their short names, which are other words elsewhere: ``St``, ``Dr``, ``N``.

One is a street's where the number of a house stands before it.
"""

from __future__ import annotations

import re

from agentrun.text_normalization.vocabulary import Abbreviation

_SIDES = {"N": "North", "S": "South", "E": "East", "W": "West"}
_ROADS = {
    "St": "Street", "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Dr": "Drive", "Ln": "Lane",
    "Ct": "Court", "Pl": "Place", "Pkwy": "Parkway", "Hwy": "Highway",
}  # fmt: skip


def streets() -> tuple[Abbreviation, ...]:
    """What has them be read in full; a dot that ends the sentence is written again by whoever reads them.

    >>> text = "At 123 N Main St, Apt 4, or 12 W. 45th St. We met 3 men and Dr. May."
    >>> for pattern, spoken in streets():
    ...     text = re.sub(pattern, spoken, text)
    >>> text
    'At 123 North Main Street, Apt 4, or 12 West 45th Street. We met 3 men and Dr. May.'
    """
    roads = "|".join(_ROADS)
    end = r"(?=[,.]|$| (?:in|at|near|and)\b)"
    name = r"(?:\d+(?:st|nd|rd|th)|[A-Z][a-z]+)"
    return (
        (rf"(?<=\d )([NSEW])\.?(?= {name}(?: [A-Z][a-z]+)? (?:{roads})\b)", _side),
        (rf"(?<=\d )((?:{name} ){{1,3}})(?!Dr\. [A-Z])({roads})\b(?:\.(?=,| [a-z]))?{end}", _road),
    )


def _side(found: re.Match[str]) -> str:
    return _SIDES[found[1]]


def _road(found: re.Match[str]) -> str:
    return f"{found[1]}{_ROADS[found[2]]}"
