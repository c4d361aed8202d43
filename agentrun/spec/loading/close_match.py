"""The word that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(word: str, allowed: Iterable[str]) -> str:
    """A hint, or nothing when no word is near.

    >>> closest("twillio", ["local", "twilio"])
    "did you mean 'twilio'?"
    """
    close = difflib.get_close_matches(word, list(allowed), 1)
    return f"did you mean '{close[0]}'?" if close else ""
