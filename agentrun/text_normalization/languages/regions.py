"""Regional differences within a language."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary
from agentrun.text_normalization.vocabulary import words as words_of

_DECIMAL_POINT = words_of("MX US GT SV HN NI PA DO PR PE 419")
"""Where Spanish has a point before decimals, by the CLDR's data of these regions."""
_PESO = words_of("MX AR CL CO UY DO CU")
"""Where ``$`` is the peso's sign."""


def adapted(words: Vocabulary, region: str) -> Vocabulary:
    """``words`` as ``region``, such as ``MX``, has them.

    >>> adapted(VOCABULARIES["es"], "MX").decimal, adapted(VOCABULARIES["es"], "ES").decimal
    ('.', ',')
    """
    return _adapted(words.code, region) if words.code == "es" and region in _DECIMAL_POINT | _PESO else words


@cache
def _adapted(code: str, region: str) -> Vocabulary:
    words = VOCABULARIES[code]
    if region in _DECIMAL_POINT:
        words = replace(words, decimal=".", point="punto")
    if region in _PESO:
        pesos = ("peso", "pesos", "centavo", "centavos")
        words = replace(words, currencies={**words.currencies, "USD": words.currencies["$"], "$": pesos})
    return words
