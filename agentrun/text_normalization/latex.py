r"""Reads formulas in LaTeX: ``\( \frac{1}{2} \times 8 = 4 \)``."""

from __future__ import annotations

import re

from agentrun.text_normalization.vocabulary import Vocabulary

_INNER = r"([^{}\n]{0,200})"
_DELIMITED = re.compile(r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$(.{1,400}?)\$\$", re.DOTALL)
_DOLLARS = re.compile(r"(?<![\w$\\])\$(?=[^\s$])([^$\n]{0,200}?[\\^=_][^$\n]{0,200}?)(?<=[^\s\\])\$(?![\w$])")
"""``$E = mc^2$``; what lies between two amounts has a space before the second one's sign."""
_FRACTION = re.compile(rf"\\[dt]?frac\{{{_INNER}\}}\{{{_INNER}\}}")
_WORDS = re.compile(
    rf"\\(?:text|mathrm|mathbf|textbf|textit|emph|operatorname|boxed|mathit|mathsf)\{{{_INNER}\}}"
)
_ROOT = re.compile(rf"\\sqrt\{{{_INNER}\}}")
_DEGREES = re.compile(r"\^\{?\\circ\}?")
_POWER = re.compile(r"\^\{(\w{1,20})\}")
_SIZES = re.compile(r"\\(?:left|right|displaystyle|limits|quad|qquad)(?![a-zA-Z])|\\[,;:! ]")
_SIGNS = {
    "times": "×", "cdot": "×", "div": "÷", "approx": "≈", "leq": "<=", "le": "<=", "geq": ">=", "ge": ">=",
    "pm": "±", "neq": "≠", "rightarrow": "→", "to": "→", "Rightarrow": "→", "ldots": "...", "dots": "...",
}  # fmt: skip
_SIGN = re.compile(rf"\\({'|'.join(_SIGNS)})(?![a-zA-Z])")
_FOR_ITSELF = re.compile(r"\\([$%&])")
_FIGURES = re.compile(r"\d{1,4}")
_NESTED = 3
"""How deep fractions stand in each other that are read."""


def plain(text: str, words: Vocabulary | None) -> str:
    r"""``text`` with its formulas as they would be typed; before Markdown, which takes backslashes away.

    >>> plain(r"It is \( \frac{1}{2} \times 8 = 4 \), or 50\%.", None)
    'It is 1/2 × 8 = 4, or 50%.'
    """
    if "\\" not in text and "$" not in text:
        return text
    text = _DOLLARS.sub(
        r"\1", _DELIMITED.sub(lambda found: "".join(filter(None, found.groups())).strip(), text)
    )
    if "\\" not in text:
        return text
    text = _SIZES.sub(" ", _DEGREES.sub("°", text))
    for _ in range(_NESTED):
        text = _FRACTION.sub(lambda found: _fraction(found, words), _WORDS.sub(r"\1", text))
    text = _POWER.sub(r"^\1", _ROOT.sub(r"√\1", text))
    return _FOR_ITSELF.sub(r"\1", _SIGN.sub(lambda found: f" {_SIGNS[found[1]]} ", text)).replace("  ", " ")


def _fraction(found: re.Match[str], words: Vocabulary | None) -> str:
    above, below = found[1].strip(), found[2].strip()
    if words is None or (_FIGURES.fullmatch(above) and _FIGURES.fullmatch(below)):
        return f"{above}/{below}"
    return f"{above} {words.divided} {below}"
