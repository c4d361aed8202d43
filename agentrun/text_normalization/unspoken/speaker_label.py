"""Who speaks, as some models write it before their answer: ``Assistant: We open at six.``"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 24
"""Characters that a label may have with its marks."""
_NAMES = ("assistant", "agent", "ai", "bot", "assistent", "asistente", "agente", "assistente")
_LABEL = re.compile(rf"[\s*_#]*(?:{'|'.join(_NAMES)})[*_]{{0,2}} ?:[*_]{{0,2}}\s*(?=\S)", re.IGNORECASE)
_MARKS = " \n\t*_#"


@dataclass
class SpeakerLabel:
    """Leaves the label of an answer out that comes in pieces; one object an answer.

    Only what may be the beginning of a label is held until that is known.

    >>> answer = SpeakerLabel()
    >>> answer.visible("Assis"), answer.visible("tant: We"), answer.visible(" open. Agent: I")
    ('', 'We', ' open. Agent: I')
    """

    found: bool = False
    """Whether there was one."""
    _held: str = ""
    _is_over: bool = False

    def visible(self, text: str) -> str:
        """What can be said of all that has come."""
        if self._is_over:
            return text
        self._held += text
        if len(self._held) < LONGEST and _may_be_label(self._held):
            return ""
        return self.rest()

    def rest(self) -> str:
        """What is held at the end of an answer; a label without words behind it is no label."""
        held, self._held, self._is_over = self._held, "", True
        label = _LABEL.match(held)
        self.found = self.found or label is not None
        return held[label.end() :] if label else held


def _may_be_label(text: str) -> bool:
    """Whether more text could make a label of ``text``, and words behind it.

    >>> _may_be_label("**Assistant:** "), _may_be_label("Ass"), _may_be_label("A table")
    (True, True, False)
    """
    word = text.lstrip(_MARKS).lower()
    name = word.rstrip(" \n\t*_:")
    if name == word:
        return any(each.startswith(word) for each in _NAMES)
    return name in _NAMES
