"""Where to resume a sentence whose audio broke off; takes differ, so it counts words."""

from __future__ import annotations

import re
import unicodedata

from agentrun.text_normalization.words import SYLLABLES_PER_SECOND, syllables

_USUAL_SECONDS = 1 / 14
"""Of one letter: English at 150 words a minute, with 5.6 letters and spaces a word."""
_SLOWEST, _LEAST_LONGEST = 4, 10.0
"""OpenAI's lowest speed is a quarter; and what a pause, a laugh or a sign read out may take beside it."""
_CAUTION = 0.8
"""What a voice may be slower, or faster, by than it was so far."""
_UNSURE = 0.65
"""The same, as long as nothing is known of it."""
_DIGIT, _SIGN = 5, 6
"""How many letters a digit, and a sign such as ``%``, is when it is read out."""
_SYLLABLE = 1 / SYLLABLES_PER_SECOND / _USUAL_SECONDS
"""The same of a character that is a syllable, as in Mandarin, Japanese and Korean."""
_READ_OUT = "%&@#*/\\"
"""Of the punctuation; the other marks are pauses."""
_WORD = re.compile(r"\S+\s*")


class SpeakingRate:
    """How fast one voice speaks, learned from the sentences that it has said to their end.

    >>> rate = SpeakingRate()
    >>> rate.learn("We are open from six to eleven.", 2.0)
    >>> rate.unheard("We are closed on Mondays and on Tuesdays.", 1.5)
    'on Mondays and on Tuesdays.'
    >>> rate.unheard("We are closed on Mondays.", 0.1)
    'We are closed on Mondays.'
    """

    def __init__(self) -> None:
        self._letters = 0.0
        self._seconds = 0.0

    def learn(self, text: str, seconds: float) -> None:
        """``text`` was said in ``seconds``."""
        self._letters += _letters(text)
        self._seconds += seconds

    def is_whole(self, text: str, seconds: float) -> bool:
        """Whether ``seconds`` may hold all of ``text``, at up to a fifth faster than the voice was so far."""
        caution = _CAUTION if self._is_known else 1
        return seconds >= _letters(text) * self._pace * caution

    def unheard(self, text: str, seconds: float) -> str:
        """The words of ``text`` that may not have been heard whole in its first ``seconds``.

        It begins with the beginning of a word, rather one that was heard than behind one that was not, and is
        never empty. A text without spaces, as in Japanese, is said again as a whole.
        """
        heard = seconds / self._pace * (_CAUTION if self._is_known else _UNSURE)
        place = 0
        for word in _WORD.finditer(text):
            heard -= _letters(word[0])
            if heard < 0:
                break
            place = word.start()
        return text[place:]

    @property
    def _is_known(self) -> bool:
        return self._seconds > 0 and self._letters > 0

    @property
    def _pace(self) -> float:
        """Seconds of a letter."""
        return self._seconds / self._letters if self._is_known else _USUAL_SECONDS


def longest(text: str) -> float:
    """How many seconds ``text`` may take, by the slowest voice there is; more is no speech of it.

    >>> longest("Hello."), longest("我们的营业时间是每天上午九点到下午六点。")
    (11.7, 25.5)
    """
    return round(_LEAST_LONGEST + _letters(text) * _USUAL_SECONDS * _SLOWEST, 1)


def _letters(text: str) -> float:
    """The length of ``text`` as it is read out, in letters of an alphabet."""
    return sum(map(_weight, text)) + syllables(text) * (_SYLLABLE - 1)


def _weight(sign: str) -> int:
    if sign.isdigit():
        return _DIGIT
    is_plain = sign.isspace() or unicodedata.category(sign)[0] in "LMP"
    return 1 if is_plain and sign not in _READ_OUT else _SIGN
