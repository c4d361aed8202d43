"""Thinking that a model writes before its answer without marking where it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 20_000
"""Characters that are held back; where no end has come by then, all of it is words."""
_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


@dataclass
class ThinkingAhead:
    """Holds a text that comes in pieces back until its thinking ends; one object an answer.

    >>> answer = ThinkingAhead()
    >>> answer.visible("Six? Yes.</thi"), answer.visible("nk>At six."), answer.rest()
    ('', 'At six.', '')
    """

    found: bool = False
    """Whether anything was left out."""
    _held: str = ""
    _is_over: bool = False

    def visible(self, text: str) -> str:
        """What of all that has come is no thinking, as far as that is known."""
        if self._is_over:
            return text
        seen = max(0, len(self._held) - len("</reasoning>"))
        self._held += text
        end = _END.search(self._held, seen)
        if end:
            self.found, self._is_over = True, True
            return self._held[end.end() :]
        return self.rest() if len(self._held) > LONGEST else ""

    def rest(self) -> str:
        """What is held at the end of an answer that had no thinking in it."""
        held = "" if self._is_over else self._held
        self._is_over = True
        return held
