"""pydantic's errors in people's words, at the place in the file that they are about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from agentrun.errors import Problem
from agentrun.spec.file import Place, Where, dotted, nearest
from agentrun.spec.models import AgentSpec
from agentrun.spec.source import Source

_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_UNION_TAG = re.compile(
    r"^(function-|tagged-union|constrained-|nullable|str$|int$|float$|bool$|dict\[|list\[|tuple\[|union)"
)


def explain(error: ValidationError, source: Source) -> list[Problem]:
    """Every error of ``error`` as a problem, one for each place and message."""
    problems = {_explain(item, source) for item in error.errors(include_url=False)}
    return sorted(_without_union_noise(problems))


def _explain(item: Mapping[str, Any], source: Source) -> Problem:
    where = in_file(item["loc"], source.data)
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        key = str(item["loc"][-1])
        parent = where[:-1] if where and where[-1] == key else where
        place = nearest(source.values, parent, source.path)
        return _problem(place, parent, f"'{key}' is missing", f"add `{key}:`")
    if kind == "extra_forbidden":
        place = source.keys.get(where) or nearest(source.values, where, source.path)
        return _problem(
            place, where, f"'{where[-1]}' is not a key here", _known_keys(item["loc"], str(where[-1]))
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag(where, kind, context, source)
    place = nearest(source.values, where, source.path)
    message, hint = _words(kind, item, context)
    return _problem(place, where, message, hint)


def _tag(where: Where, kind: str, context: Mapping[str, Any], source: Source) -> Problem:
    key = str(context["discriminator"]).strip("'")
    here = (*where, key)
    place = nearest(source.values, here, source.path)
    if kind == "union_tag_not_found":
        return _problem(place, where, f"'{key}' is missing", f"add `{key}:`")
    allowed = [word.strip(" '") for word in context["expected_tags"].split(",")]
    message = f"'{context['tag']}' is not one of {', '.join(sorted(allowed))}"
    return _problem(place, here, message, closest(context["tag"], allowed))


def _words(kind: str, item: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, str]:
    given = _shown(item.get("input"))
    if kind in _TYPES:
        return f"{given} is not {_TYPES[kind]}", ""
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        return f"{given} is not one of {', '.join(allowed)}", closest(str(item.get("input")), allowed)
    if kind == "string_pattern_mismatch":
        return _pattern(given, str(context.get("pattern")))
    if kind in ("string_too_short", "too_short"):
        return "must not be empty", "write at least one" if kind == "too_short" else ""
    if kind == "value_error":
        return str(context.get("error", item["msg"])), ""
    if kind.startswith(("greater_than", "less_than")):
        return f"{given} is out of range: {item['msg'].removeprefix('Input ')}", ""
    return item["msg"].removeprefix("Input ") if given == "" else f"{item['msg']}", str(
        context.get("hint", "")
    )


def _pattern(given: str, pattern: str) -> tuple[str, str]:
    if "/" in pattern:
        return f"{given} is not provider/model", "write for example openai/gpt-4o"
    return f"{given} is not a name", "use lower-case letters, digits and single hyphens, such as front-desk"


def in_file(location: Iterable[int | str], data: Any) -> Where:
    """pydantic's location without what is not in the file: tags of unions and keys that words stand for."""
    where: list[int | str] = []
    here = data
    parts = list(location)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        ):
            where.append(part)
            here = here[part]
        elif last and isinstance(here, dict) and isinstance(part, str) and not _UNION_TAG.match(part):
            where.append(part)
    return tuple(where)


def _known_keys(location: Iterable[int | str], key: str) -> str:
    model = _model_at(list(location)[:-1])
    known = list(model.model_fields) if model else []
    return closest(key, known) or (f"known here: {', '.join(known)}" if known else "")


def _model_at(location: list[int | str]) -> type[BaseModel] | None:
    """The model that pydantic was in, found by walking its fields' types."""
    models: list[type[BaseModel]] = [AgentSpec]
    for part in location:
        if isinstance(part, int):
            continue
        found: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(part)
            if field is not None:
                found.extend(_models_in(field.annotation, field.metadata))
            elif _tagged(model, part) or model.__name__ == part:
                found.append(model)
        models = found or models
    return models[0] if models else None


def _tagged(model: type[BaseModel], tag: str) -> bool:
    field = model.model_fields.get("type")
    return field is not None and f"'{tag}'" in str(field.annotation)


def _models_in(annotation: Any, _metadata: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part, ())]


def _without_union_noise(problems: Iterable[Problem]) -> list[Problem]:
    """Of a union's errors at one place, "is not text" is noise beside a better one."""
    problems = list(problems)
    seen: dict[tuple[str, int, int], int] = {}
    for problem in problems:
        place = (problem.path, problem.line, problem.column)
        seen[place] = seen.get(place, 0) + 1
    noise = ("is not text", "is not a mapping")
    inside = {(p.path, p.where) for p in problems}
    return [
        p
        for p in problems
        if not p.message.endswith(noise)
        or not any(w != p.where and w.startswith(f"{p.where}.") and path == p.path for path, w in inside)
    ]


def closest(word: str, allowed: Iterable[str]) -> str:
    """``did you mean 'twilio'?``, or nothing."""
    close = difflib.get_close_matches(word, list(allowed), 1)
    return f"did you mean '{close[0]}'?" if close else ""


def _shown(value: Any) -> str:
    """A value as it may stand in a message: short."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}…'"


def _problem(place: Place, where: Where, message: str, hint: str) -> Problem:
    return Problem(place.path, place.line, place.column, dotted(where), message, hint)
