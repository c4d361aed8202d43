"""HTML tags that separate words, such as ``<p>`` and ``<br>``."""

from __future__ import annotations

import re

_LINES = re.compile(r"</?(?:p|br|div|li|ul|ol|tr|h[1-6])\b[^<>]*>", re.IGNORECASE)
_CELLS = re.compile(r"</?(?:td|th|break)\b[^<>]*>", re.IGNORECASE)


def instead(mark: str) -> str:
    """What stands where ``mark`` is left out: the end of a line, a space, or nothing.

    >>> instead("<br/>"), instead("</td>"), instead("<b>")
    ('\\n', ' ', '')
    """
    if _LINES.fullmatch(mark):
        return "\n"
    return " " if _CELLS.fullmatch(mark) else ""
