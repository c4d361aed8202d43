"""Fills a tool's arguments from what was said, where it can."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NUMBERS = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"]
    )
}
_TIME = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*(am|pm|a\.m\.|p\.m\.)?\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w']*(?: [A-Z][\w']*)*")


def fill(parameters: Mapping[str, Any], said: str) -> tuple[dict[str, Any], str | None]:
    """Arguments for a tool's JSON Schema, and the question to ask when a required one was not said."""
    found: dict[str, Any] = {}
    for name, schema in parameters.get("properties", {}).items():
        value = _value(name, schema, said)
        if value is not None:
            found[name] = value
    for name in parameters.get("required", ()):
        if name not in found:
            what = parameters["properties"][name].get("description") or name.replace("_", " ")
            return found, f"Could you tell me this: {what.rstrip('.')}?"
    return found, None


def _value(name: str, schema: Mapping[str, Any], said: str) -> Any:
    for choice in schema.get("enum", ()):
        if str(choice).lower() in said.lower():
            return choice
    if "enum" in schema:
        return None
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return _number(said)
    if kind == "boolean":
        return None
    if "time" in name.lower():
        return _time(said)
    names = _NAME.findall(said)
    return names[-1] if kind == "string" and names else None


def _number(said: str) -> int | None:
    digits = re.search(r"\d+", said)
    if digits:
        return int(digits[0])
    return next((NUMBERS[word] for word in re.findall(r"[a-z]+", said.lower()) if word in NUMBERS), None)


def _time(said: str) -> str | None:
    for match in _TIME.finditer(said):
        if not match[2] and not match[3]:
            continue
        hour = int(match[1]) + (12 if (match[3] or "").lower().startswith("p") and int(match[1]) < 12 else 0)
        return f"{hour:02d}:{match[2] or '00'}"
    return None
