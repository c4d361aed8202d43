"""Signs that no voice says, and what is left of a text without them."""

from __future__ import annotations

import re
import unicodedata

from agentrun.text_normalization.vocabulary import Vocabulary

_PICTURES = re.compile("[\U0001f000-\U0001faff\U000e0020-\U000e007f☀-➿⬀-⯿⌀-⏿■-◿←-⇿︀-️⃣‍™®©〰〽㊗㊙]")
_KEYCAP = re.compile("([0-9#*])️?⃣")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=8][-o']?[()DPp3|/\\]|<3|\^_\^|¯\\_\(ツ\)_/¯|[xX]D)(?!\w)")
_SHORTCODE = re.compile(r"(?<!\S):[a-z][a-z0-9_+-]{1,30}:(?!\S)")
_LEFT = re.compile(r"[*#`|<>\\^~{}\[\]]+|_{2,}|(?<!\w)_+|_+(?!\w)")
_SPACE = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.!?;:…])(?!\w)")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)")
_REPEATED = re.compile(r"([!?,;:])\1+")
_DOUBLED = re.compile(r"([,;:])(?=[.!?])|([.!?])[,;:](?=\s|$)")
_DOTS = re.compile(r"\.{2,}|…")


def without_pictures(text: str) -> str:
    """``text`` without emoji, arrows and emoticons; a keycap keeps its figure."""
    text = _KEYCAP.sub(r"\1", text)
    return _SHORTCODE.sub("", _EMOTICON.sub("", _PICTURES.sub(" ", text)))


def as_words(text: str, words: Vocabulary | None) -> str:
    """Signs between words and figures, as the words that they stand for."""
    if words is None:
        return text
    for pattern, word in (
        (r"(?<=[\s'\"(])\*(?=[\s'\"),.!?]|$)", words.star),
        (r"(?<=[\s'\"(])#(?=[\s'\"),.!?]|$)", words.hash),
        (r"(?<=\S) ?& ?(?=\S)", words.conjunction),
        (r"(?<=\d) ?[x×*] ?(?=\d)", words.times),
        (r"(?<=[\w)]) \+ (?=[\w(])", words.plus),
        (r"(?<=[\w)]) = (?=[\w(])", words.equals),
        (r"(?<!\w)@ ?(?=\w)", words.at),
    ):
        text = re.sub(pattern, f" {word} ", text)
    text = re.sub(r"(?<!\w)(?:#|№ ?)(?=\d)", f"{words.number} ", text)
    return re.sub(r"(?<![\w.,)-])[-−](?=\d)", f"{words.minus} ", text)


def tidy(text: str) -> str:
    """``text`` without signs that are left, with single spaces; empty where there is nothing to say.

    >>> tidy("Great choice !  (  ) * "), tidy(" ... ")
    ('Great choice!', '')
    """
    text = _DOTS.sub("… ", _LEFT.sub(" ", text))
    text = _EMPTY_BRACKETS.sub("", text)
    text = _BEFORE_MARK.sub(r"\1", _SPACE.sub(" ", text))
    text = _REPEATED.sub(r"\1", text)
    text = _DOUBLED.sub(lambda found: found[2] or "", text).strip(" ,;:")
    return text.replace("…", "...") if is_speakable(text) else ""


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a figure in ``text``, of any script."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in text)
