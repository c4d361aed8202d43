"""Converts pydantic's errors to problems at their places in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentrun.errors import Problem
from agentrun.spec.loading import allowed_keys, problem_messages
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.extends import SHORT
from agentrun.spec.loading.spec_file import Place, Where, dotted, nearest
from agentrun.spec.loading.yaml.source import Source, at
from agentrun.spec.values import durations
from agentrun.spec.values.environment_variables import VARIABLE

_MOST_KEYS = 8


def explain(error: ValidationError, source: Source) -> list[Problem]:
    """Every error of ``error`` as a problem, sorted; the branches of a union give one."""
    placed = [(in_file(item["loc"], source.data), item) for item in error.errors(include_url=False)]
    placed = [(where, item) for where, item in placed if not _is_noise(where, item, source)]
    other = {where for where, item in placed if item["type"] not in problem_messages.TYPES}
    kinds: dict[Where, list[Mapping[str, Any]]] = {}
    problems: set[Problem] = set()
    lacking = _lacking(placed)
    for where, item in placed:
        beside = [one for place, one in placed if place == where and one is not item]
        if item["type"] in problem_messages.TYPES:
            kinds.setdefault(where, []).append(item)
        elif item["type"] != "literal_error" or not beside:
            problems.add(_explain(where, item, source, lacking))
        elif types := [one for one in beside if one["type"] in problem_messages.TYPES]:
            problems.add(_neither(where, item, types, source))
    for where, same_place in kinds.items():
        if where not in other and not any(_covers(where, below) for below in (*other, *kinds)):
            problems.add(_wrong_type(where, same_place, source))
    return sorted(problems)


def _lacking(placed: Sequence[tuple[Where, Mapping[str, Any]]]) -> Mapping[Where, list[str]]:
    """The keys that are missing, by the mapping that lacks them."""
    found: dict[Where, list[str]] = {}
    for where, item in placed:
        if item["type"] == "missing":
            parent = where[:-1] if where and where[-1] == item["loc"][-1] else where
            found.setdefault(parent, []).append(str(item["loc"][-1]))
    return found


def _neither(
    where: Where, item: Mapping[str, Any], types: Sequence[Mapping[str, Any]], source: Source
) -> Problem:
    """A value that is neither of a type nor one of some words."""
    kinds = list(dict.fromkeys(problem_messages.TYPES[one["type"]] for one in types))
    said = problem_messages.neither(item.get("input"), kinds, str(item["ctx"]["expected"]))
    return _problem(nearest(source.values, where, source.path), where, *_with_variable(where, said, item))


def _with_variable(where: Where, said: tuple[str, str], item: Mapping[str, Any]) -> tuple[str, str]:
    """What to do about a variable where none is filled in."""
    if not isinstance(given := item.get("input"), str) or not VARIABLE.search(given):
        return said
    hint = f"write the value itself, for a variable can't stand here; `--set {dotted(where)}=…` changes it"
    return said[0], hint


def _is_noise(where: Where, item: Mapping[str, Any], source: Source) -> bool:
    """What follows from a value that could not be read, or from an entry of a list that is told of itself."""
    if any(where[: len(unread)] == unread for unread in source.unread):
        return True
    return item["type"] == "too_short" and at(source.data, where) not in ([], {}, None)


def _covers(where: Where, other: Where) -> bool:
    """Whether ``other`` stands below ``where``."""
    return len(other) > len(where) and other[: len(where)] == where


def _wrong_type(where: Where, items: list[Mapping[str, Any]], source: Source) -> Problem:
    kinds = list(dict.fromkeys(problem_messages.TYPES[item["type"]] for item in items))
    if where in SHORT:
        kinds = ["text" if where == ("prompts",) else "a word", *kinds]
    place = nearest(source.values, where, source.path)
    value = items[0].get("input")
    message, hint = problem_messages.wrong_type(value, kinds)
    keys = (
        [] if value is None else next((keys for item in items if (keys := allowed_keys.of(item["loc"]))), [])
    )
    if kinds == ["a mapping"] and items[0]["type"] == "dict_type" and value is not None:
        hint = "write a name and a value in each line below it, such as `name: value`"
    elif kinds == ["a mapping"] and keys:
        more = ", …" if len(keys) > _MOST_KEYS else ""
        hint = f"write its keys below it: {', '.join(keys[:_MOST_KEYS])}{more}"
    hint = _flow_hint(where, value) or _tests_hint(where, value) or hint
    return _problem(place, where, *_with_variable(where, (message, hint), items[0]))


def _tests_hint(where: Where, value: Any) -> str:
    """What was meant by the name of a file where tests stand."""
    if where[0] != "tests" or len(where) > 2 or not isinstance(value, str):
        return ""
    return "remove it: tests in a file of their own are found by its name, SPEC.tests.yaml beside the spec"


def _flow_hint(where: Where, value: Any) -> str:
    """What was meant by a list or a mapping in a flow that has the other one there."""
    if where == ("flow", "nodes") and isinstance(value, list):
        return "write each node's name before it: `start: {task_messages: …}`"
    if where[:2] == ("flow", "nodes") and where[-1] == "then" and isinstance(value, dict):
        return "write a list of ways, whose last one is always open: [{when: …, to: …}, {to: …}]"
    return ""


def _explain(
    where: Where, item: Mapping[str, Any], source: Source, lacking: Mapping[Where, list[str]]
) -> Problem:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        return _missing(where, str(item["loc"][-1]), source)
    if kind == "extra_forbidden":
        place = source.keys.get(where) or nearest(source.values, where, source.path)
        key = str(where[-1])
        hint = allowed_keys.hint(item["loc"], key, lacking.get(where[:-1], ()))
        return _problem(place, where, f"'{problem_messages.visible(key)}' is not a key here{_odd(key)}", hint)
    if kind == "union_tag_not_found":
        return _missing((*where, "type"), str(context["discriminator"]).strip("'"), source)
    if kind == "union_tag_invalid":
        return _unknown_tag(where, context, source)
    place = nearest(source.values, where, source.path)
    written = at(source.data, where)
    if durations.is_written(written):
        item = {**item, "input": written}
    said = problem_messages.say(kind, item, context)
    return _problem(place, where, *_with_variable(where, said, item))


def _odd(key: str) -> str:
    """The sign of a key that no key has, such as a letter of another alphabet that looks alike."""
    odd = next((sign for sign in key if not sign.isascii()), "")
    return f", for it holds U+{ord(odd):04X}" if odd else ""


def _missing(where: Where, key: str, source: Source) -> Problem:
    """A missing key is reported at the key that it is missing under."""
    parent = where[:-1] if where and where[-1] in (key, "type") else where
    place = source.keys.get(parent) or nearest(source.values, parent, source.path)
    return _problem(
        place if parent else Place(str(source.path), 1, 1), parent, *problem_messages.missing(parent, key)
    )


def _unknown_tag(where: Where, context: Mapping[str, Any], source: Source) -> Problem:
    here = (*where, str(context["discriminator"]).strip("'"))
    allowed = sorted(word.strip(" '") for word in context["expected_tags"].split(","))
    message = f"{problem_messages.shown(context['tag'])} is not one of {', '.join(allowed)}"
    place = nearest(source.values, here, source.path)
    return _problem(place, here, message, closest(str(context["tag"]), allowed))


def in_file(location: Iterable[int | str], data: Any) -> Where:
    """pydantic's location without what is not in the file: tags of unions, keys that a word stands for."""
    where: list[int | str] = []
    here = data
    parts = list(location)
    for index, part in enumerate(parts):
        inner = at(here, (part,))
        if inner is not None or (isinstance(here, dict | list) and _is_in(part, here)):
            here = inner
        elif not (index == len(parts) - 1 and isinstance(here, dict) and allowed_keys.is_key(part)):
            continue
        where.append(part)
    return tuple(where)


def _is_in(part: int | str, here: dict[str, Any] | list[Any]) -> bool:
    """Whether ``here`` has a value at ``part``, which may be none."""
    return part in here if isinstance(here, dict) else isinstance(part, int) and part < len(here)


def _problem(place: Place, where: Where, message: str, hint: str) -> Problem:
    return Problem(place.path, place.line, place.column, dotted(where), message, hint)
