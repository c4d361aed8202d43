"""Removes what a fallback model repeats of an answer that another model began."""

from __future__ import annotations


class RepeatedText:
    """Leaves out the words that were already ``said`` if a model starts over.

    A model breaks off between tokens, which are parts of words: what repeats them goes on where they ended.

    >>> repetition = RepeatedText("We are open")
    >>> repetition.new("We are"), repetition.new(" open from six.")
    ('', ' from six.')
    >>> RepeatedText("Your tab").new("Your table is ready.")
    'le is ready.'
    >>> RepeatedText("We are open").new("from six.")
    ' from six.'
    """

    def __init__(self, said: str) -> None:
        self._said = said.strip()
        self._ended_in_space = said[-1:].isspace()
        self._held: str | None = ""
        self._repeated = False

    def new(self, text: str) -> str:
        """What is new in the next ``text``; empty while that is not known yet."""
        if self._held is None:
            return text
        self._held += text
        words = self._held.lstrip()
        if len(words) < len(self._said) and self._said.startswith(words):
            return ""
        repeats = bool(self._said) and words.startswith(self._said)
        new = words.removeprefix(self._said) if repeats else self._held
        if not new:
            self._repeated = self._repeated or repeats
            self._held, self._said = "", ""
            return ""
        self._held = None
        return new if repeats or self._repeated or self._joins(new) else f" {new}"

    def _joins(self, words: str) -> bool:
        return self._ended_in_space or not words[0].isalnum()
