"""Stage directions: actions that a model writes between its words.

Only what nobody says on the telephone is left out. Gestures are a list, in the languages of the vocabularies;
what may be words (``(checks accepted)``, ``*Smiles* Dental``, ``12-13 Uhr (Pause)``) is said.
"""

from __future__ import annotations

import re

_GESTURES = (
    *("laughs?", "laughing", "laughter", "chuckles?", "chuckling", "giggles?", "sighs?", "sighing"),
    *("smiles?", "smiling", "grins", "nods", "nodding", "coughs", "clears throat", "clearing throat"),
    *("gasps", "shrugs", "winks", "sniffs", "whispers", "typing", "typing sounds", "keyboard clicking"),
    *("lacht", "lächelt", "seufzt", "nickt", "hustet", "räuspert sich", "schmunzelt", "kichert", "tippt"),
    *("rires?", "sourit", "soupire", "tousse", "ríe", "risas", "sonríe", "suspira"),
    *("risate", "sorride", "sospira", "tossisce", "risos", "sorri", "glimlacht", "zucht"),
)
_BREAKS = ("pauses?", "pausing", "pausa", "pauze", "beat", "silence")
_WORK = (
    *("checks", "checking", "looks", "looking", "searches", "searching", "types", "opens", "pulls"),
    *("scrolls", "flips", "consults", "consulting", "reads", "taps", "clicks", "glances"),
)
_HOW = (
    *("softly", "lightly", "warmly", "gently", "quietly", "nervously", "briefly", "slightly", "deeply"),
    *("heavily", "politely", "sympathetically", "thoughtfully", "knowingly", "apologetically", "happily"),
    *("out loud", "for a (?:moment|second|beat)", "(?:his|her|their|its|my) throat"),
    *("leise", "freundlich", "kurz", "tief", "doucement", "brièvement", "suavemente", "brevemente"),
)
_HOW_LONG = "(?:short|brief|long|slight|soft|light|kurze|lange|courte|longue|breve) "


def _gesture(words: tuple[str, ...]) -> str:
    return rf"(?:{_HOW_LONG})?(?:{'|'.join(words)}|clears)(?: (?:{'|'.join(_HOW)})){{0,2}}"


_ARTICLE = "(?:the|a|an|his|her|its|their|my|our|your)"
_DEED = rf"(?:{'|'.join(_WORK)})(?: (?:up|at|in|into|through|for|on))? {_ARTICLE}(?: [^\W\d_]+){{1,4}}"
_GESTURE, _BREAK = _gesture(_GESTURES), _gesture(_BREAKS)
_END = r"\.{0,3} ?"
_BEFORE = r"(^|(?<!\d)[.!?…][\"'”’)]?\s+|\n\s*)"
_AFTER = r"(?=\s*$|[ \t]+[^a-zß-ÿ\s(\[*_]|[.!?…])"
_SOUND = _gesture(("laughs", "chuckles", "giggles", "sighs", "clears throat", "lacht", "seufzt"))
_ROUND = re.compile(rf"\( ?{_SOUND}{_END}\)")
_APART = re.compile(
    rf"{_BEFORE}(?:([*_])(?![*_])(?:{_GESTURE}|{_BREAK}){_END}\2|\[ ?(?i:{_GESTURE}|{_BREAK}){_END}\]"
    rf"|\( ?{_GESTURE}{_END}\)){_AFTER}"
)
_DEED_APART = re.compile(
    rf"^(?:([*_])(?![*_]){_DEED}{_END}\1|\[ ?(?i:{_DEED}){_END}\])(?=\s*$|[ \t]+[^a-zß-ÿ\s])"
)
_BREAK_APART = re.compile(rf"{_BEFORE}\( ?{_BREAK}{_END}\){_AFTER}")
_TIMES = re.compile(r"\d")


def without_directions(text: str) -> str:
    """``text``, which is whole sentences, without what is done beside them.

    A break in brackets is kept where there are figures: a timetable has breaks too.

    >>> without_directions("*checks the calendar* We have a table. [laughs] It is (laughs) small.")
    ' We have a table.  It is  small.'
    >>> without_directions("She *smiles* a lot, and we close from 2 to 3 (pause).")
    'She *smiles* a lot, and we close from 2 to 3 (pause).'
    """
    if not any(sign in text for sign in "[(*_"):
        return text
    text = _APART.sub(r"\1", _ROUND.sub("", _DEED_APART.sub("", text)))
    return text if _TIMES.search(text) else _BREAK_APART.sub(r"\1", text)
