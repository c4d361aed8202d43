"""Similarity of phrases: cosine of TF-IDF over stemmed words and letter trigrams."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
_NAMES = re.compile(r"(?<=[\w,] )[A-Z][\w']*")
_TRIPLES = 0.5
"""What the triples of a word weigh together beside the word itself; they catch what was misheard."""
_NAME = 0.4
"""What a name in mid sentence weighs: who is asked about says little of what is asked."""
_COMMON = (
    "a an and are at be can could d did do does for from get give have how i in is it ll m me my of on or "
    "please re return returns s so that the their there this to was we what will with would you your"
)
_SAME = {
    "lady": "women",
    "girl": "women",
    "woman": "women",
    "guy": "men",
    "boy": "men",
    "man": "men",
    "result": "scor",
    "won": "win",
}


def words(text: str) -> list[str]:
    """Stems of the words that carry meaning; everyday synonyms become one stem.

    >>> words("What are the women's games?")
    ['women', 'gam']
    >>> words("the ladies' results")
    ['women', 'scor']
    """
    plain = text.lower().replace("'", " ").replace("’", " ").replace("_", " ")
    common = set(_COMMON.split())
    stems = [_stem(word) for word in _WORD.findall(plain) if word not in common]
    return [_SAME.get(stem, stem) for stem in stems]


class Index:
    """Phrases that others are compared with."""

    def __init__(self, phrases: Sequence[str]) -> None:
        bags = [_features(phrase) for phrase in phrases]
        counts = Counter(feature for bag in bags for feature in bag)
        self._weights = {f: math.log((1 + len(bags)) / (1 + n)) + 1 for f, n in counts.items()}
        self._vectors = [self._vector(bag) for bag in bags]

    def scores(self, text: str) -> list[float]:
        """Nearness of ``text`` to every phrase, 0 to 1."""
        vector = self._vector(_features(text))
        return [sum(value * other.get(f, 0.0) for f, value in vector.items()) for other in self._vectors]

    def _vector(self, bag: dict[str, float]) -> dict[str, float]:
        rare = max(self._weights.values(), default=1.0)
        weighted = {f: amount * self._weights.get(f, rare) for f, amount in bag.items()}
        length = math.sqrt(sum(value * value for value in weighted.values())) or 1.0
        return {f: value / length for f, value in weighted.items()}


def _features(text: str) -> dict[str, float]:
    """Each word once, however often it is said, and its letter triples."""
    names = {stem for name in _NAMES.findall(text) for stem in words(name)}
    bag: dict[str, float] = {}
    for word in words(text):
        weight = _NAME if word in names else 1.0
        bag[word] = weight
        padded = f" {word} "
        triples = {f"#{padded[i : i + 3]}" for i in range(len(padded) - 2)}
        for triple in triples:
            bag[triple] = max(bag.get(triple, 0.0), weight * _TRIPLES / math.sqrt(len(triples)))
    return bag


def _stem(word: str) -> str:
    """A rough stem: the same for ``game`` and ``games``, ``win`` and ``winning``; often not a word."""
    for ending, replacement in (("ies", "y"), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + replacement
            break
    word = word[:-1] if len(word) > 3 and word.endswith("e") else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word
