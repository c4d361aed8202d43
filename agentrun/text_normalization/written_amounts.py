"""Amounts of money as shops and markets write them, in the one form that is read further on.

``12€50`` has its sign for a comma, ``99¢`` and ``30 ct`` name the hundredths, ``Rs. 500/-`` has a dash for
none.
"""

from __future__ import annotations

import re

from agentrun.text_normalization.vocabulary import Vocabulary

_WHOLE = r"(?<![\w.,$€£])(\d{1,3}(?:[., '’]\d{3})+|\d+)"
_SIGN_BETWEEN = re.compile(rf"{_WHOLE}([€$£])(\d{{2}})(?![\w€$£]|[.,]\d)")
_SPACED_SIGN_BETWEEN = re.compile(
    rf"{_WHOLE} ([€$]) (\d{{2}})"
    r"(?=\s*(?:[.;:!?)»]|,(?!\d)|$)| (?:et|ou|par|pour|la|le|les|chacune?|pièce|TTC)\b)"
)
"""``12 € 50``; behind figures of other things, as in ``5 € 10 personnes``, it is none."""
_NO_CENTS = re.compile(r"(?<=\d),(?:-{1,2}|–|—)(?=\W|$)(?! ?\d)|(?<=\d) ?/[-–](?=\W|$)")
"""``12,-`` as German and Dutch prices are written, ``500/-`` as Indian and Kenyan ones."""
_FRANCS = re.compile(r"(?<!\w)(CHF|[Ss]?Fr\.) ?(\d{1,3}(?:['’]\d{3})+|\d+)\.(?:-{1,2}|–|—)(?! ?\d)")
"""``Fr. 12.–``, which is a Swiss price; ``Fr. 12.30`` may be a Friday."""
_DOLLARS = re.compile(r"(?<!\w)(?:US|U\.S\.) \$(?=\d)|(?<!\w)[Uu]\$[SsDd](?![^\W\d])")
"""``US $5``, and ``U$S 5`` as in Argentina and Uruguay."""
_SMALL = re.compile(r"(?<![\w.,])(\d[\d.,]*) ?(¢|[Cc]ts?(?!\w)(?:\.(?! ?[A-ZÀ-Þ]|\s*$))?)|(?<!\w)¢ ?(\d+)")
_SMALL_ENGLISH = re.compile(r"(?<![\w.,])(\d[\d.,]*) ?(¢)|(?<!\w)¢ ?(\d+)")
"""``10 ct`` is gold, or so many of something."""
_PENCE = re.compile(r"(?<![\w.,£$€])(\d{1,2})p(?!\w)")
_A_PERSON = re.compile(r"(?<=[$€£])( ?\d[\d.,]*) ?(?:pp|p\.p\.)(?!\w)")
"""``£20pp``."""
_CENTS_OF = {"¢": "$", "p": "£"}
"""Of which currency a sign for hundredths is; ``ct`` is the euro's."""


def plain(text: str, words: Vocabulary) -> str:
    """``text`` with such amounts as the other ones; before rates and amounts are read.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> plain("Das sind 12€50, 99 ct oder 12,-.", VOCABULARIES["de"])
    'Das sind 12,50 €, 99 Cent oder 12.'
    >>> plain("It is 1¢, £2 or 50p.", VOCABULARIES["en"])
    'It is 1 cent, £2 or 50 pence.'
    """
    text = _SIGN_BETWEEN.sub(rf"\g<1>{words.decimal}\3 \2", text)
    if words.code == "fr":
        text = _SPACED_SIGN_BETWEEN.sub(r"\1,\3 \2", text)
    text = _FRANCS.sub(r"CHF \2", _NO_CENTS.sub("", text))
    text = _DOLLARS.sub("US$", text)
    small = _SMALL_ENGLISH if words.code == "en" else _SMALL
    text = small.sub(lambda found: _cents(found[1] or found[3], found[2] or "¢", words), text)
    if words.code == "en":
        text = _A_PERSON.sub(rf"\1 {words.per} person", text)
    if words.code == "en" and "£" in text:
        text = _PENCE.sub(lambda found: _cents(found[1], "p", words), text)
    return text


def _cents(figure: str, sign: str, words: Vocabulary) -> str:
    one, many = words.currencies[_CENTS_OF.get(sign, "€")][2:]
    return f"{figure} {one if figure == '1' else many}"
