"""What a model repeats of an answer that another one began."""

from __future__ import annotations


class RepeatedText:
    """Leaves out the words that were ``said``, where a model begins from the start again.

    >>> repetition = RepeatedText("We are open")
    >>> repetition.new("We are"), repetition.new(" open from six.")
    ('', ' from six.')
    >>> RepeatedText("We are open").new("from six.")
    ' from six.'
    """

    def __init__(self, said: str) -> None:
        self._said = said.strip()
        self._ended_in_space = said[-1:].isspace()
        self._held: str | None = ""

    def new(self, text: str) -> str:
        """What is new in the next ``text``; nothing while that can't be told yet."""
        if self._held is None:
            return text
        self._held += text
        words = self._held.lstrip()
        if len(words) < len(self._said) and self._said.startswith(words):
            return ""
        words = words.removeprefix(self._said) if words.startswith(self._said) else self._held
        if not words:
            self._held, self._said = "", ""
            return ""
        self._held = None
        return words if self._joins(words) else f" {words}"

    def _joins(self, words: str) -> bool:
        return self._ended_in_space or not words[0].isalnum()
