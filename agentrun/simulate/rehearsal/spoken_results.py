"""States a tool's result in a plain sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agentrun.simulate.rehearsal.matching import words

MOST_ROWS = 3
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT")
_SHOUTED = re.compile(r"^[A-Z0-9 ]{5,}$")
_OFFER_TO = re.compile(r"\bOffer to ([^.]+)\.")
_OFFER = re.compile(r"\bOffer ([^.]+)\.")
_SAY_THAT = re.compile(r"\bSay that (\w)")
_FOR_THE_MODEL = re.compile(r" ?\bCall again with [^.]+\.")


def tell(result: str, question: str) -> str:
    """``result`` as the tool gave it, told so that it answers ``question``.

    >>> tell('{"games": [{"home": "Duke", "home_score": "78", "period": "FINAL"}]}', "Did Duke win?")
    'Duke 78, final.'
    >>> tell("The feed is down. Offer to try again later.", "What are the scores?")
    'The feed is down. Would you like me to try again later?'
    """
    try:
        data = json.loads(result)
    except (ValueError, RecursionError):
        return _words_for_the_model(result)
    if isinstance(data, str):
        return _words_for_the_model(data)
    rows = _rows(data)
    if rows is not None:
        return _tell_rows(rows, question)
    if isinstance(data, dict):
        return _sentence(_named(data)) or "It is done."
    return _sentence(_plain(data)) or "It is done."


def _words_for_the_model(text: str) -> str:
    """What a tool tells the model to do is done."""
    text = _FOR_THE_MODEL.sub("", text)
    text = _OFFER_TO.sub(r"Would you like me to \1?", text)
    text = _OFFER.sub(r"I can offer \1.", text)
    text = _SAY_THAT.sub(lambda match: match[1].upper(), text)
    return re.sub(r"(\w)_(?=\w)", r"\1 ", text).strip() or "It is done."


def _rows(data: Any) -> list[Any] | None:
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        return next((value for value in data.values() if isinstance(value, list)), None)
    return None


def _tell_rows(rows: list[Any], question: str) -> str:
    texts = [_row(row) if isinstance(row, dict) else _plain(row) for row in rows]
    texts = [row for row in texts if row]
    if not texts:
        return "There is nothing to tell at the moment."
    terms = {word for word in words(question) if len(word) > 2}
    near = [row for row in texts if terms & set(words(row))]
    chosen = near or texts
    return " ".join(_sentence(row) for row in chosen[:MOST_ROWS])


def _row(row: Mapping[str, Any]) -> str:
    """The values of one row; ``home_score`` stands right after ``home``."""
    parts: list[str] = []
    before = ""
    for key, value in row.items():
        text = _plain(value)
        if not text:
            continue
        if before and key.startswith(f"{before}_") and parts:
            parts[-1] += f" {text}"
        else:
            parts.append(text)
            before = key
    return ", ".join(parts)


def _named(data: Mapping[str, Any]) -> str:
    """Values with their names; a single text speaks for itself."""
    texts = {key: _plain(value) for key, value in data.items()}
    pairs = [(key, text) for key, text in texts.items() if text]
    if len(pairs) == 1 and isinstance(data[pairs[0][0]], str):
        return pairs[0][1]
    sentence = ", ".join(f"{key.replace('_', ' ')} {text}" for key, text in pairs)
    return sentence[:1].upper() + sentence[1:]


def _plain(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).strip()
    if _TIMESTAMP.match(text):
        return ""
    return text.lower() if _SHOUTED.match(text) else text


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
