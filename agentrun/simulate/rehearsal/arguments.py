"""Fills in a tool's arguments from what was said, and asks for what is missing."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentrun.simulate.rehearsal import spoken_times
from agentrun.simulate.rehearsal.matching import words
from agentrun.simulate.rehearsal.spoken_numbers import find_number

_ASKING = "Could you tell me"
_QUESTION = re.compile(r"^(how|what|when|where|which|who|whose|whether)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[\w,] )[A-Z][\w'’]*(?: [A-Z][\w'’]*)*")
_CODE = re.compile(r"\b(?=[\w-]*\d)[A-Za-z0-9][\w-]*\b")
_PHONE = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_YES = re.compile(r"\b(yes|yeah|yep|sure|please|correct|right)\b", re.IGNORECASE)
_NO = re.compile(r"\b(no|nope|not|never)\b", re.IGNORECASE)


def gather(
    parameters: Mapping[str, Any], said: Sequence[str], known: Mapping[str, Any], today: datetime.date
) -> tuple[dict[str, Any], str]:
    """Arguments for a tool's JSON Schema, and the question for the first required one that is missing.

    ``said`` is what the caller said, oldest first: the first words are searched for everything, later ones
    answer the question before them. ``known`` arguments are kept.

    >>> schema = {"properties": {"guests": {"type": "integer"}}, "required": ["guests"]}
    >>> gather(schema, ["A table for four"], {}, datetime.date(2026, 3, 20))
    ({'guests': 4}, '')
    """
    values = dict(known)
    properties: Mapping[str, Mapping[str, Any]] = parameters.get("properties") or {}
    required = [name for name in parameters.get("required") or () if name in properties]
    topic = ""
    for text in said:
        rest = text
        for name, schema in properties.items():
            if name not in values:
                value, rest = _value(name, _plain(schema), rest, today, asked=name == topic)
                if value is not None:
                    values[name] = value
        topic = next((name for name in required if name not in values), "")
    return values, _question(topic, _plain(properties[topic])) if topic else ""


def is_question(text: str) -> bool:
    """Whether ``text`` asks for an argument, or began to before it was interrupted."""
    return text.startswith(_ASKING)


def _plain(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a schema that allows several kinds, the first one that is not null."""
    kinds = [kind for kind in schema.get("anyOf") or () if kind.get("type") != "null"]
    return {**schema, **kinds[0]} if kinds else schema


def _question(name: str, schema: Mapping[str, Any]) -> str:
    description = str(schema.get("description") or "").strip()
    what = re.split(r"[.,;]( |$)", description)[0] or name.replace("_", " ")
    choices = [str(choice) for choice in schema.get("enum") or ()]
    if choices:
        what = f"{what}: {' or '.join(choices)}"
    lowered = what if what[:2].isupper() else what[0].lower() + what[1:]
    article = "" if _QUESTION.match(what) or lowered.startswith(("the ", "a ", "an ", "your ")) else "the "
    return f"{_ASKING} {article}{lowered}?"


def _value(
    name: str, schema: Mapping[str, Any], said: str, today: datetime.date, *, asked: bool
) -> tuple[Any, str]:
    """The value of one argument, and what is left of the words for the others."""
    kind = schema.get("type")
    if schema.get("enum"):
        return _choice(schema["enum"], said), said
    if kind in ("integer", "number"):
        return _number(said, whole=kind == "integer")
    if kind == "boolean":
        return _yes_or_no(said) if asked else None, said
    if kind == "string":
        return _text(name, schema, said, today, asked=asked)
    return None, said


def _number(said: str, *, whole: bool) -> tuple[int | float | None, str]:
    match = find_number(spoken_times.blanked(said), whole=whole)
    if match is None:
        return None, said
    number, place = match
    return number, said[: place.start] + said[place.stop :]


def _choice(choices: Sequence[Any], said: str) -> Any:
    """The choice whose words were all said."""
    terms = set(words(said)) | set(said.lower().split())
    return next((c for c in choices if words(str(c)) and set(words(str(c))) <= terms), None)


def _yes_or_no(said: str) -> bool | None:
    if _NO.search(said):
        return False
    return True if _YES.search(said) else None


def _text(
    name: str, schema: Mapping[str, Any], said: str, today: datetime.date, *, asked: bool
) -> tuple[str | None, str]:
    about = f"{name} {schema.get('format') or ''}".lower().replace("-", "_")
    if "date" in about or re.search(r"(^|_)day\b", about):
        return spoken_times.date(said, today), said
    if "time" in about or "hour" in about:
        return spoken_times.time(said), said
    if re.search(r"phone|mobile|caller", about):
        match = _PHONE.search(said)
        return re.sub(r"[^\d+]", "", match[0]) if match else None, said
    if re.search(r"(^|_)(id|number|code|reference|zip)\b", about):
        return _taken(_CODE.findall(said), said)
    value, rest = _taken(_NAME.findall(said), said)
    if value is None and asked:
        return said.strip(" .!?") or None, ""
    return value, rest


def _taken(found: Sequence[str], said: str) -> tuple[str | None, str]:
    """The last one that was said, taken out of the words."""
    if not found:
        return None, said
    before, _, after = said.rpartition(found[-1])
    return found[-1], before + after
