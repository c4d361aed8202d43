"""How near two phrases lie: TF-IDF over stemmed words and letter triples, by cosine."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ing", "ed", "es", "s")
_COMMON = frozenset(
    ["a", "an", "and", "are", "at", "be", "can", "could", "do", "for", "from", "get", "give", "have", "how", "i", "in", "is", "it", "me", "my", "of", "on", "or", "please", "so", "that", "the", "their", "there", "this", "to", "was", "what", "will", "with", "would", "you", "your", "call", "returns", "return"]
)


def words(text: str) -> list[str]:
    """Stemmed words that carry meaning.

    >>> words("What are the women's games?")
    ['women', 'game']
    """
    plain = text.lower().replace("'s", "").replace("’s", "").replace("_", " ")
    return [_stem(word) for word in _WORD.findall(plain) if word not in _COMMON]


class Index:
    """Phrases that others are compared with."""

    def __init__(self, phrases: Sequence[str]) -> None:
        bags = [_features(phrase) for phrase in phrases]
        seen = Counter(feature for bag in bags for feature in bag)
        self._weights = {f: math.log((1 + len(bags)) / (1 + n)) + 1 for f, n in seen.items()}
        self._vectors = [self._vector(bag) for bag in bags]

    def scores(self, text: str) -> list[float]:
        """Nearness of ``text`` to every phrase, 0 to 1."""
        vector = self._vector(_features(text))
        return [sum(value * other.get(f, 0.0) for f, value in vector.items()) for other in self._vectors]

    def _vector(self, bag: Counter[str]) -> dict[str, float]:
        rare = max(self._weights.values(), default=1.0)
        weighted = {f: (1 + math.log(n)) * self._weights.get(f, rare) for f, n in bag.items()}
        length = math.sqrt(sum(value * value for value in weighted.values())) or 1.0
        return {f: value / length for f, value in weighted.items()}


def _features(text: str) -> Counter[str]:
    found = words(text)
    triples = (f"#{w[i : i + 3]}" for w in (f" {word} " for word in found) for i in range(len(w) - 2))
    return Counter([*found, *found, *triples])


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
