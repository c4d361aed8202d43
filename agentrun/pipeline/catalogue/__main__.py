"""Writes the catalogue: ``python -m agentrun.pipeline.catalogue``."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, replace
from typing import Any

import griffe

from agentrun.pipeline.catalogue import extras, reading, registry, setting_types, source
from agentrun.pipeline.catalogue.registry import Listed
from agentrun.providers.catalogue import FILE
from agentrun.providers.service import Setting


def text() -> str:
    """The catalogue of the installed Pipecat."""
    services = [_service(listed) for listed in registry.services()]
    whole = {"pipecat": extras.pinned(), "services": services}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def _service(listed: Listed) -> dict[str, Any]:
    cls = _class(listed.path)
    arguments = reading.arguments(cls)
    nested, settings = {}, reading.settings(cls)
    for argument, path in listed.nested.items():
        inner = setting_types.fields(_class(path))
        nested[argument] = {"path": path, "fields": list(inner)}
        arguments |= {key: replace(s, argument=True) for key, s in inner.items()}
        # such a service reads what it is built with, and not its settings
        settings = {key: s for key, s in settings.items() if key not in inner}
    own = {key: s for key, s in arguments.items() if key not in ("model", "system_prompt")}
    # a setting wins over an argument of its name, which Pipecat keeps for old programs
    settings = {**own, **settings}
    for name in ("aiohttp_session", "extra"):
        settings.pop(name, None)
    return {
        "kind": listed.kind,
        "provider": listed.provider,
        "label": listed.label,
        "cls": listed.path,
        "model": reading.default_model(cls),
        "extras": list(listed.extras),
        "packages": list(extras.packages(listed.extras)),
        "variables": _variables(listed, arguments),
        "session": reading.takes_session(cls),
        "nested": nested,
        "settings": {name: _plain(setting) for name, setting in settings.items()},
    }


def _class(path: str) -> griffe.Class:
    target = source.find(path.replace(":", "."))
    if not isinstance(target, griffe.Class):
        raise TypeError(f"{path} is not a class of Pipecat")
    return target


def _variables(listed: Listed, arguments: dict[str, Setting]) -> list[dict[str, Any]]:
    """The registry's variables; without its key, or what has no default, a service can't be built."""
    return [
        {"name": name, "argument": argument, "required": _is_needed(argument, arguments)}
        for argument, name in listed.variables.items()
    ]


def _is_needed(argument: str, arguments: dict[str, Setting]) -> bool:
    return argument == "api_key" or (argument in arguments and arguments[argument].required)


def _plain(setting: Setting) -> dict[str, Any]:
    """A setting without what is as usual."""
    usual = {f.name: f.default for f in fields(Setting) if f.default is not MISSING}
    plain = {
        key: value for key, value in asdict(setting).items() if value and value != usual.get(key, MISSING)
    }
    plain |= {"default": setting.default} if setting.default is not None else {}
    if "array" not in setting.types:
        plain.pop("items", None)
    if setting.fields:
        plain["fields"] = {key: _plain(inner) for key, inner in setting.fields.items()}
    return plain


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
