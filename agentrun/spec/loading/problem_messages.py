"""Rewrites pydantic's errors as a message and a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.values import durations

Said = tuple[str, str]
_UNSEEN = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]")
TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "must be above", "write more than {}"),
    "greater_than_equal": ("ge", "must be at least", "write {} or more"),
    "less_than": ("lt", "must be below", "write less than {}"),
    "less_than_equal": ("le", "must be at most", "write {} or less"),
}
_MISSING: dict[tuple[Where, str], str] = {
    ((), "transport"): "add `transport: local` or `transport: twilio`: how people reach the agent",
    ((), "prompts"): "add `prompts: You are …`: what the agent is told",
    (("prompts",), "system"): "add `system: You are …`: what the agent is told",
}
_PATTERNS = {
    r"\$": ("is a key in plain text", "put it in a variable and write ${NAME} here"),
    r"^\+": ("is not how a number begins", "write +1 or +44, in quotes"),
    "/": ("is not provider/model", "write for example openai/gpt-4o"),
    "#": ("is not keys of a telephone", "use 0 to 9, * and #, in quotes"),
    "-": ("is not a name", "use lower-case letters, digits and single hyphens, such as front-desk"),
}


def say(kind: str, item: Mapping[str, Any], context: Mapping[str, Any]) -> Said:
    """The words for an error of type ``kind`` that is not about a type."""
    value = shown(item.get("input"))
    if kind in ("literal_error", "enum"):
        return _choice(item.get("input"), str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        usual = ("can't stand here", f"write what matches {pattern}")
        message, hint = next((pair for sign, pair in _PATTERNS.items() if sign in pattern), usual)
        return f"{value} {message}", hint
    if kind in ("string_too_short", "too_short"):
        return (
            "must not be empty",
            "write at least one" if kind == "too_short" else "write it, or remove the key",
        )
    if kind == "string_too_long":
        return f"is longer than {context.get('max_length')} characters", "shorten it"
    if kind in _BOUNDS:
        return _out_of_bounds(item.get("input"), context, *_BOUNDS[kind])
    return str(item["msg"]), str(context.get("hint", ""))


def _out_of_bounds(value: Any, context: Mapping[str, Any], key: str, words: str, hint: str) -> Said:
    """A bound of a duration has its unit, as the value has."""
    bound = context[key]
    limit = durations.written(bound) if durations.is_written(value) else f"{bound:g}"
    return f"{shown(value)} {words} {limit}", hint.format(limit)


def wrong_type(value: Any, kinds: list[str]) -> Said:
    """``value`` is none of ``kinds``."""
    if value is None:
        return "has no value", f"write {_either(kinds)}, or remove the key"
    return f"{shown(value)} is not {_either(kinds)}", _type_hint(value, kinds)


def neither(value: Any, kinds: list[str], expected: str) -> Said:
    """``value`` is none of ``kinds``, and none of the words that pydantic has ``expected``."""
    words = re.findall(r"'([^']+)'", expected)
    hint = closest(value, words) if isinstance(value, str) else ""
    return f"{shown(value)} is not {_either([*kinds, *words])}", hint or f"write {_either([*kinds, *words])}"


def _either(kinds: list[str]) -> str:
    return " or ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)


def missing(parent: Where, key: str) -> Said:
    """``key`` is not there."""
    return f"'{key}' is missing", _MISSING.get((parent, key), f"add `{key}:`")


def shown(value: Any) -> str:
    """A value as it may stand in a message: short."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = visible(str(value))
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"


def visible(text: str) -> str:
    """``text`` with a name for each sign that nobody sees.

    >>> visible("\u200btwilio")
    '\\\\u200btwilio'
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _choice(value: Any, expected: str) -> Said:
    allowed = re.findall(r"'([^']+)'", expected)
    hint = closest(value, allowed) if isinstance(value, str) else ""
    hint = hint or f"write one of them, such as {allowed[0]}"
    return f"{shown(value)} is not one of {', '.join(allowed)}", hint


def _type_hint(value: Any, kinds: list[str]) -> str:
    if "a list" in kinds and isinstance(value, str):
        return f"write [{value}]" if len(value) <= 60 else "write a list"
    if kinds[0] == "text" and isinstance(value, int | float):
        return f'put it in quotes: "{shown(value).strip(chr(39))}"'
    if kinds[0] == "text" and isinstance(value, dict):
        return "if this is one text with a colon in it, put it in quotes"
    if kinds == ["true or false"] and str(value).lower() in ("yes", "on", "true", "no", "off", "false"):
        return "write true" if str(value).lower() in ("yes", "on", "true") else "write false"
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return f"remove the quotes: {value}"
    if isinstance(value, bool) and "a mapping" in kinds:
        return "write its keys below it, or remove it"
    return f"write {_either(kinds)}"
