"""Removes symbols that no voice says."""

from __future__ import annotations

import re
import unicodedata

from agentrun.text_normalization.vocabulary import Vocabulary

_PICTURES = re.compile("[\U0001f000-\U0001faff\U000e0020-\U000e007f☀-➿⬀-⯿⌀-⏿─-◿←-⇿︀-️⃣‍™®©〰〽㊗㊙]")
_KEYCAP = re.compile("([0-9#*])️?⃣")
_TEN = "\U0001f51f"
_ARROW = re.compile(r"(?<=[\w)]) ?(?:[→⇒➡⟶➔]️?|-+>|=+>) ?(?=[\w(])")
_STARS = re.compile(r"(?<=\d)[- ]?[★⭐☆]️?(?![★⭐☆])")
_RATING = re.compile(r"(?<![★⭐☆])(?:[★⭐]️?){2,10}☆{0,10}")
_TICK = re.compile(r"(?<=[:|])[ \t]*[✅✓✔☑]️?")
_CROSS = re.compile(r"(?<=[:|])[ \t]*[❌✗✘✖🚫❎]️?")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;][-o']?[()DPp3|/\\]|[=8]-[()DPp]|\^_\^|¯\\_\(ツ\)_/¯|xD)(?!\w)")
_HEART = re.compile(r"(?:(?<=[!?.…] )|(?<=\A))<3(?=\s*(?:[.!?…]|$))")
_SHORTCODE = re.compile(r"(?<!\S):[a-z][a-z0-9_+-]{1,30}:(?!\S)")
_LEFT = re.compile(r"[*#`|<>\\~{}\[\]]+|(?<!\w)\^+|\^+(?!\w)|_{2,}|(?<!\w)_+|_+(?!\w)")
_LEFT_WITHOUT_WORDS = re.compile(
    r"(?<![\d*#])[*#]+(?![\d*#])|[`|\\~{}\[\]]+|_{2,}|(?<!\w)_+|_+(?!\w)"
    r"|(?<!\w )[<>](?!=? ?\d)|(?<=\w )[<>](?!=? ?\d| \w)"
)
_SPACE = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+([,.!?;:…])(?!\w)")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)")
_REPEATED = re.compile(r"([!?,;:])\1+")
_DOUBLED = re.compile(r"[,;:](?=[.!?])|(?<=[!?])[,;:](?=\s|$)|(?<=[^\W\d_]{3})\.(?=[,;:](?:\s|$))")
"""Of two marks the weaker one, or the dot of an abbreviation."""
_DOTS = re.compile(r"\.{2,}|…")
_AMOUNT = r"(?=[-−+]?[$€£]?\d)"


def without_pictures(text: str, words: Vocabulary | None = None) -> str:
    """``text`` without emoji and emoticons; a keycap keeps its figure, a tick behind a colon its yes."""
    text = _KEYCAP.sub(r"\1", text).replace(_TEN, "10").replace("♯", "#")
    if words:
        text = _RATING.sub(lambda found: f"{sum(sign in '★⭐' for sign in found[0])} {words.stars}", text)
        text = _STARS.sub(f" {words.stars}", text)
        text = _CROSS.sub(f" {words.no}", _TICK.sub(f" {words.yes}", text))
    text = _PICTURES.sub(" ", _ARROW.sub(", ", text))
    return _SHORTCODE.sub("", _HEART.sub("", _EMOTICON.sub("", text)))


def as_words(text: str, words: Vocabulary | None) -> str:
    """Signs between words and figures, as the words that they stand for.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> " ".join(as_words("Call if it is > 38, and press # for C#.", VOCABULARIES["en"]).split())
    'Call if it is more than 38, and press pound for C sharp .'
    """
    if words is None:
        return text
    for pattern, word in (
        (r"(?<=[\s'\"(])\*(?=[\s'\"),.!?]|$)", words.star),
        (r"(?<!\S)\*(?=\d{1,4}(?![\w%:]|[.,]\d))", words.star),
        (r"(?<=[\s'\"(])#(?=[\s'\"),.!?]|$)", words.hash),
        (r"(?<=\b[A-G])#(?!\w)", "sharp"),
        (r"(?<=[^\W\d_]{2})#(?=[\W\d]|$)", words.number),
        (r"(?<=[^\W\d_])#(?=\d)", words.number),
        (r"(?<=\d)#(?=\d)", words.hash),
        (r"(?<=\b[A-Z])\*(?!\w)", words.star),
        (r"(?<=\w)#(?!\w)", words.hash),
        (r"(?:>=|=>|≥) ?" + _AMOUNT, words.at_least),
        (r"(?:<=|=<|≤) ?" + _AMOUNT, words.at_most),
        (r"> ?" + _AMOUNT, words.more),
        (r"< ?" + _AMOUNT, words.less),
        (r"(?<=[\w)]) < (?=[\w(])", words.less),
        (r"(?<=\b[^\W\d_]) > (?=[^\W\d_]\b)", words.more),
        (r"(?<=[^\W\d_]) > (?=[^\W\d_])", ","),
        (r"(?<!\w)[~≈] ?" + _AMOUNT, words.about),
        (r"(?<=\S) ?& ?(?=\S)", words.conjunction),
        (r"± ?(?=\d)", f"{words.plus} {words.minus}"),
        (r"(?<=\d)\+(?![\w+])|(?<=GMT|UTC) ?\+(?=\d)", words.plus),
        (r"(?<=GMT|UTC) ?[-−](?=\d)", words.minus),
        (r"(?<=\d)(?: [×*] |[x×*])(?=\d)", words.times),
        (r"(?<=[\w)]) × (?=[\w(])", words.times),
        (r"(?<=[\w)]) \+ (?=[\w(])", words.plus),
        (r"(?<=[\w)]) = (?=[\w(])", words.equals),
        (r"(?<!\w)@ ?(?=\w)", words.at),
    ):
        text = re.sub(pattern, f" {word} ", text)
    text = re.sub(r"(?<!\w)(?:#|№ ?)(?=\d)", f"{words.number} ", text)
    return re.sub(r"(?<![\w.,)-])[-−](?=\d)", f"{words.minus} ", text)


def tidy(text: str, *, has_words: bool = True) -> str:
    """``text`` without signs that are left, with single spaces; empty where there is nothing to say.

    Where signs beside figures have no words, they stay.

    >>> tidy("Great choice !  (  ) * "), tidy(" ... ")
    ('Great choice!', '')
    """
    text = _DOTS.sub("… ", (_LEFT if has_words else _LEFT_WITHOUT_WORDS).sub(" ", text))
    text = _EMPTY_BRACKETS.sub("", text)
    text = _BEFORE_MARK.sub(r"\1", _SPACE.sub(" ", text))
    text = _REPEATED.sub(r"\1", text)
    text = _DOUBLED.sub("", text).strip(" ,;:")
    return text.replace("…", "...") if is_speakable(text) else ""


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a figure in ``text``, of any script, or a word with a sound of its own."""
    return any(unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "Co" for sign in text)
