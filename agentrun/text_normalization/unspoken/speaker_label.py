"""Speaker labels that some models write before their answer: ``Assistant: We open at six.``"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 64
"""Characters that are held at the most until it is known whether they begin with a label."""
_NAMES = ("assistant", "ai assistant", "ai")
"""What a model is called in its own templates; an agent may be somebody whom the caller asked for."""
_LABEL = re.compile(rf"[\s*_#]*(?:{'|'.join(_NAMES)})[*_]{{0,2}} ?:[*_]{{0,2}}\s*", re.IGNORECASE)
_MARKS = " \n\t*_#"
_BEFORE_WORDS = _MARKS + "([\"'“„«¿¡"
_CLAUSE_END = re.compile(r"[.,;:!?\n]")
_MOST_NAMES = 4
"""Words with capitals that a sentence may begin with; more of them are a name."""
_ANSWERS = re.compile(
    "yes|no|sure|hello|hi|okay|ok|thanks|sorry|certainly|great|ja|nein|nee|hallo|gerne|danke|zeker|sí|hola"
    "|claro|gracias|oui|non|bonjour|merci|sì|ciao|certo|grazie|sim|não|olá",
    re.IGNORECASE,
)
"""Whole clauses of one word that name nobody."""


@dataclass
class SpeakerLabel:
    """Leaves the label of an answer out that comes in pieces; one object an answer.

    A sentence follows a label. ``Assistant: Maria Lopez, room 5`` is about somebody, and is said. Only what
    may be the beginning of a label is held until that is known.

    >>> answer = SpeakerLabel()
    >>> answer.visible("Assis"), answer.visible("tant: We"), answer.visible(" open. AI: I")
    ('', '', 'We open. AI: I')
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
        if label is None or not _begins_sentence(held[label.end() : LONGEST], is_whole=True):
            return held
        self.found = True
        return held[label.end() :]


def _may_be_label(text: str) -> bool:
    """Whether more text could make a label of ``text``, and a sentence behind it.

    >>> _may_be_label("**Assistant:** "), _may_be_label("Ass"), _may_be_label("A table")
    (True, True, False)
    """
    if label := _LABEL.match(text):
        return _begins_sentence(text[label.end() :], is_whole=False) is None
    word = text.lstrip(_MARKS).lower()
    name = word.rstrip(" \n\t*_:")
    return any(each.startswith(word) for each in _NAMES) or name in _NAMES


def _begins_sentence(text: str, *, is_whole: bool) -> bool | None:
    """Whether ``text`` is no name; None where more of it is needed to know that.

    >>> [_begins_sentence(each, is_whole=False) for each in ("We open", "Maria Lopez, room 5", "Maria")]
    [True, False, None]
    """
    end = _CLAUSE_END.search(text)
    clause = text[: end.start() if end else None]
    words = [word.lstrip(_BEFORE_WORDS) for word in clause.split()[: _MOST_NAMES + 1]]
    if any(word[:1].islower() for word in words):
        return True
    if end or is_whole:
        return len(words) == 1 and _ANSWERS.fullmatch(words[0]) is not None
    return False if len(words) > _MOST_NAMES else None
