"""Checks a service's settings against the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import PydanticCustomError

from agentrun.providers import variables
from agentrun.providers.catalogue import BOUNDS
from agentrun.providers.service import Service, Setting, Type
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.problem_messages import shown, wrong_type
from agentrun.spec.loading.yaml import loader as yaml_loader
from agentrun.spec.values.durations import seconds

Path = tuple[str, ...]
Finding = tuple[Path, str, str]
"""Where below the service, what is wrong, and the hint."""

_TYPES: dict[Type, tuple[type, ...]] = {
    "any": (object,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_WORDS: dict[Type, str] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "duration": "a duration",
    "any": "a value",
}
_MOST_CHOICES = 20
"""Longer lists of allowed values, such as languages, are not printed."""


def check(service: Service, settings: Mapping[str, Any], is_elsewhere: bool = False) -> Iterator[Finding]:
    """Every setting that the service doesn't have, or that doesn't fit.

    ``is_elsewhere``: another server than the provider's is asked, and may take more.
    """
    if service.unchecked:
        return
    known = elsewhere(service) if is_elsewhere else service.settings
    yield from _check_all(known, settings, (), f"{service.provider} {service.kind}")


def elsewhere(service: Service) -> Mapping[str, Setting]:
    """The settings as a server of one's own takes them: -1 of ``max_tokens`` is no limit at llama.cpp's."""
    known = service.settings
    free = {name: replace(known[name], minimum=None, maximum=None) for name in BOUNDS if name in known}
    return {**known, **free}


def filled(service: Service, key: str, value: Any, environ: Mapping[str, str]) -> Any:
    """``value`` of ``key`` with its variables, read as in the file where a number or a yes is wanted."""
    expanded = variables.expand(value, environ)
    setting = service.settings.get(key)
    if setting and setting.type in ("number", "integer", "boolean") and variables.has_variable(value):
        return yaml_loader.plain(str(expanded))
    return expanded


def _check_all(
    known: Mapping[str, Setting], given: Mapping[str, Any], where: Path, owner: str
) -> Iterator[Finding]:
    for key, value in given.items():
        here = (*where, key)
        if key not in known:
            hint = closest(key, known) or f"write one of: {', '.join(known)}"
            yield here, f"{owner} has no setting '{key}'", hint
        else:
            yield from _check_one(known[key], value, here, owner)
    for key, setting in known.items() if where else ():
        if setting.required and key not in given:
            yield where, f"'{key}' is missing", _with_help(f"add {key}:", setting)


def _check_one(setting: Setting, value: Any, here: Path, owner: str) -> Iterator[Finding]:
    if (value is False and setting.may_be_false) or (isinstance(value, str) and value in setting.words):
        return
    if setting.words and isinstance(value, str):
        yield here, _not_one_of(value, setting.words), closest(value, setting.words)
    elif setting.type == "duration":
        yield from _check_duration(value, here)
    elif not _fits(setting, value):
        message, hint = wrong_type(value, [_WORDS[kind] for kind in setting.types])
        yield here, message, hint
    elif setting.choices and isinstance(value, str | int) and value not in setting.choices:
        hint = _as_variable(value) or closest(str(value), map(str, setting.choices))
        few = len(setting.choices) <= _MOST_CHOICES
        step = f"write for example {setting.choices[0]}" if few else "write one of its values"
        hint = hint or _with_help(step, setting)
        yield here, _not_one_of(value, setting.choices), hint
    elif not _in_range(setting, value):
        yield here, f"{value} is out of range", _range(setting)
    elif isinstance(value, list):
        yield from _check_items(setting.items, value, here)
    elif setting.fields and isinstance(value, dict):
        yield from _check_all(setting.fields, value, here, f"{owner} {here[-1]}")


def _check_items(wanted: Type, values: list[Any], here: Path) -> Iterator[Finding]:
    for value in values:
        if not _is(wanted, value):
            hint = 'put it in quotes: "…"' if wanted == "string" else ""
            yield here, f"the list holds {shown(value)}, which is not {_WORDS[wanted]}", hint


def _check_duration(value: Any, here: Path) -> Iterator[Finding]:
    try:
        seconds(value)
    except PydanticCustomError as error:
        yield here, error.message(), str((error.context or {}).get("hint", ""))


def _as_variable(value: Any) -> str:
    """What `$NAME` should have been."""
    name = value[1:] if isinstance(value, str) and value.startswith("$") else ""
    return f"write ${{{name}}}" if name.isidentifier() else ""


def _with_help(step: str, setting: Setting) -> str:
    """What to do, and then what the setting is."""
    return f"{step} ({setting.help.rstrip('.')})" if setting.help else step


def _not_one_of(value: Any, allowed: tuple[str | int, ...]) -> str:
    if len(allowed) > _MOST_CHOICES:
        return f"{shown(value)} is not known here"
    return f"{shown(value)} is not one of {', '.join(map(str, allowed))}"


def _fits(setting: Setting, value: Any) -> bool:
    return any(_is(kind, value) for kind in setting.types)


def _is(kind: Type, value: Any) -> bool:
    if value is None or (isinstance(value, bool) and kind not in ("boolean", "any")):
        return False
    return isinstance(value, _TYPES[kind])


def _in_range(setting: Setting, value: Any) -> bool:
    if setting.type not in ("number", "integer"):
        return True
    above = setting.minimum is None or value >= setting.minimum
    return above and (setting.maximum is None or value <= setting.maximum)


def _range(setting: Setting) -> str:
    if setting.maximum is None:
        return f"write a number from {setting.minimum:g}"
    return f"write a number from {setting.minimum:g} to {setting.maximum:g}"
