"""Checks a service's settings against the catalogue, in people's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from agentrun.providers.catalogue import Service, Setting
from agentrun.spec.problems import closest
from agentrun.spec.units import seconds

Path = tuple[str, ...]
Finding = tuple[Path, str, str]
"""Where below the service, what is wrong, and the hint."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_WORDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}


def check(service: Service, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Every setting that the service doesn't have, or that doesn't fit."""
    yield from _check_all(service.settings, settings, (), f"{service.provider} {service.kind}")


def _check_all(
    known: Mapping[str, Setting], given: Mapping[str, Any], where: Path, owner: str
) -> Iterator[Finding]:
    for key, value in given.items():
        here = (*where, key)
        if key not in known:
            hint = closest(key, known) or f"it has: {', '.join(known)}"
            yield here, f"{owner} has no setting '{key}'", hint
        else:
            yield from _check_one(known[key], value, here, owner)


def _check_one(setting: Setting, value: Any, here: Path, owner: str) -> Iterator[Finding]:
    if (value is False and setting.may_be_false) or (setting.words and value in setting.words):
        return
    if setting.words and isinstance(value, str):
        yield here, f"'{value}' is not one of {', '.join(setting.words)}", closest(value, setting.words)
    elif setting.type == "duration":
        yield from _check_duration(value, here)
    elif not _fits(setting, value):
        yield here, f"{value!r} is not {_WORDS.get(setting.type, f'an {setting.type}')}", setting.help
    elif setting.choices and value not in setting.choices:
        yield here, f"'{value}' is not one of {', '.join(setting.choices)}", closest(value, setting.choices)
    elif setting.type in ("number", "integer") and not _in_range(setting, value):
        yield here, f"{value} is out of range", f"allowed: {setting.minimum} to {setting.maximum}"
    elif setting.fields:
        yield from _check_all(setting.fields, value, here, f"{owner} {here[-1]}")


def _check_duration(value: Any, here: Path) -> Iterator[Finding]:
    try:
        seconds(value)
    except PydanticCustomError as error:
        yield here, error.message(), str((error.context or {}).get("hint", ""))


def _fits(setting: Setting, value: Any) -> bool:
    if isinstance(value, bool) and setting.type != "boolean":
        return False
    return isinstance(value, _TYPES[setting.type])


def _in_range(setting: Setting, value: float) -> bool:
    above = setting.minimum is None or value >= setting.minimum
    return above and (setting.maximum is None or value <= setting.maximum)
