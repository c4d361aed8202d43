"""The terms by which a text is found: words, and character pairs in scripts without spaces.

SQLite takes a run of Chinese, Japanese or Thai for one word, which nothing but the same run would match, and
Korean puts endings on each word. Pairs are what Lucene's ``CJKBigramFilter`` makes of such text.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

TOKENIZER = "porter unicode61 categories 'L* N* Co M*'"
"""Of SQLite's FTS5. Marks belong to words: Hindi, Arabic and Thai write vowels with them."""
MOST_TERMS = 100
"""Of a query; what follows is left out."""
_RUN = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\uac00-\ud7af"  # Korean
    "]+"
)


def pieces(text: str) -> list[str]:
    """What is kept of a passage beside its words: neighbours in such scripts, and the last of each run.

    >>> pieces("駐車場 open 24時間")
    ['駐車', '車場', '場', '時間', '間']
    """
    return [run[at : at + 2] for run in _runs(text) for at in range(len(run))]


def query(text: str, ignored: frozenset[str]) -> str:
    """An FTS5 query over a column ``pieces`` and others for any of ``text``; empty when nothing is asked.

    >>> query("Is there 駐車場 or a 駅?", frozenset({"is", "there", "or", "a"}))
    'pieces: "駐車" OR pieces: "車場" OR pieces: "駅" *'
    """
    pairs = [f'pieces: "{run[at : at + 2]}"' for run in _runs(text) for at in range(len(run) - 1)] + [
        f'pieces: "{run}" *' for run in _runs(text) if len(run) == 1
    ]
    words = [word for word in _words(_RUN.sub(" ", _normal(text)).lower()) if word not in ignored]
    return " OR ".join(([f'"{word}"' for word in words] + pairs)[:MOST_TERMS])


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _runs(text: str) -> list[str]:
    return _RUN.findall(_normal(text))


def _words(text: str) -> list[str]:
    groups = groupby(text, lambda character: unicodedata.category(character)[0] in "LNM")
    return ["".join(group) for is_word, group in groups if is_word]
