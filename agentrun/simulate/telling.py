"""A tool's result as a plain spoken sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agentrun.simulate.matching import words

MOST_ROWS = 3
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT")
_SHOUTED = re.compile(r"^[A-Z0-9 ]{5,}$")


def tell(result: str, question: str) -> str:
    """``result`` as the tool gave it, told so that it answers ``question``.

    >>> tell('{"games": [{"home": "Duke", "home_score": "78", "period": "FINAL"}]}', "Did Duke win?")
    'Duke 78, final.'
    """
    try:
        data = json.loads(result)
    except ValueError:
        return result.strip()
    if isinstance(data, str):
        return data.strip()
    rows = _rows(data)
    if rows is not None:
        return _tell_rows(rows, question)
    if isinstance(data, dict):
        return _sentence(_row(data)) or "It is done."
    return str(data)


def _rows(data: Any) -> list[Any] | None:
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        return next((value for value in data.values() if isinstance(value, list)), None)
    return None


def _tell_rows(rows: list[Any], question: str) -> str:
    told = [_row(row) if isinstance(row, dict) else str(row) for row in rows]
    told = [row for row in told if row]
    if not told:
        return "There is nothing to tell at the moment."
    asked = {word for word in words(question) if len(word) > 2}
    near = [row for row in told if asked & set(words(row))]
    chosen = near or told
    return " ".join(_sentence(row) for row in chosen[:MOST_ROWS])


def _row(row: Mapping[str, Any]) -> str:
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


def _plain(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    text = str(value).strip()
    if _TIMESTAMP.match(text):
        return ""
    return text.lower() if _SHOUTED.match(text) else text


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
