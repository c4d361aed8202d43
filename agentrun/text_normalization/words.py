"""Splits text into words, also in scripts without spaces."""

from __future__ import annotations

import re

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # ideographs
    "\U00020000-\U0003134f"
)
_MARKS = (
    "\u0e30-\u0e3a\u0e45-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ece"  # vowels and tones that follow their consonant
    "\u102b-\u103e\u1056-\u1059\u17b4-\u17d3"
    "\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u3099\u309a"  # small kana and marks
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30fc"
)
_PIECE = re.compile(rf"\s*(?:[{_UNSPACED}](?:[{_MARKS}]|[^\w\s])*|[^\s{_UNSPACED}]+)")
_SYLLABLE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_UNSPACED_SIGN = re.compile(f"[{_UNSPACED}]")
_PIECES_OF_WORD = 2
"""How many characters, with their marks, a word of an unspaced script has: one and a half to three."""
CHARACTERS_PER_SECOND = 15.0
"""Of English speech at an ordinary pace; other alphabets are near it."""
SYLLABLES_PER_SECOND = 5.0
"""Where each character is a syllable (ideographs, kana, Hangul): of Mandarin, by Pellegrino, Coupé and
Marsico, "Across-language perspective on speech information rate", Language 87 (2011)."""


def pieces(text: str) -> list[str]:
    """The words of ``text``, each with the space before it; of unspaced scripts each character is one.

    Joined they are ``text`` again, but for space at its end.

    >>> pieces("We are open.")
    ['We', ' are', ' open.']
    >>> pieces("駐車場は2階。")
    ['駐', '車', '場', 'は', '2', '階。']
    """
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many words ``text`` has, about as many in scripts that put no spaces between them.

    >>> count("Yes, please."), count("はい"), count("我想订一张桌子，请稍等"), count("...")
    (2, 1, 5, 0)
    """
    found = [piece for piece in pieces(text) if any(map(str.isalnum, piece))]
    unspaced = sum(_UNSPACED_SIGN.search(piece) is not None for piece in found)
    return len(found) - unspaced + -(-unspaced // _PIECES_OF_WORD)


def beginning(text: str, share: float) -> str:
    """About the first ``share`` (0 to 1) of the words of ``text``, with one space between them at most.

    >>> beginning("One two three four.", 0.5), beginning("営業時間", 0.5)
    ('One two', '営業')
    """
    words = pieces(" ".join(text.split()))
    return "".join(words[: round(len(words) * min(max(share, 0.0), 1.0))])


def without(text: str, part: str) -> str:
    """``text`` without ``part``, which is whole words, whatever spaces either has; as it is where ``part`` is
    not in it.

    >>> without("We are open. We are closed on Mondays. Come.", "We are closed  on Mondays.")
    'We are open. Come.'
    >>> without("I'm fine. Know. No.", "No"), without("我知道。不。再见。", "不。")
    ("I'm fine. Know..", '我知道。再见。')
    """
    signs = r"\s*".join(re.escape(sign) for sign in part if not sign.isspace())
    if not signs:
        return text
    begin = r"(?<!\w)" if part.lstrip()[0].isalnum() else ""
    end = r"(?!\w|['’]\w)" if part.rstrip()[-1].isalnum() else ""
    return re.sub(rf"\s*{begin}{signs}{end}", "", text, count=1).strip()


def syllables(text: str) -> int:
    """How many characters of ``text`` are a syllable each.

    >>> syllables("営業時間は9時です"), syllables("Open.")
    (8, 0)
    """
    return len(_SYLLABLE.findall(text))


def seconds(text: str) -> float:
    """How long ``text`` takes to say, at an ordinary pace.

    >>> seconds("It is open today."), seconds("営業時間")
    (1.1333333333333333, 0.8)
    """
    spoken = syllables(text)
    return spoken / SYLLABLES_PER_SECOND + (len(text) - spoken) / CHARACTERS_PER_SECOND
