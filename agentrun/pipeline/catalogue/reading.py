"""Reads everything that can be set on a service class: its settings and constructor arguments."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import replace
from typing import Any

import griffe

from agentrun.pipeline.catalogue import setting_types, source
from agentrun.pipeline.catalogue.docs import DEPRECATED, sentences
from agentrun.providers.service import Setting

_NOT_OURS = ("self", "settings", "params", "kwargs", "model", "system_instruction", "client", "tools",
             "tool_config")  # fmt: skip
"""What agentrun fills itself, or what Pipecat moved to the settings."""
_SETTINGS_NOT_OURS = ("model", "system_instruction", "user_turn_completion_config")


def settings(cls: griffe.Class) -> dict[str, Setting]:
    """The fields of the class's ``Settings`` with their defaults."""
    inner = source.member(cls, "Settings")
    if not isinstance(inner, griffe.Class):
        return {}
    defaults = _defaults(cls)
    return {
        name: replace(setting, default=defaults.get(name))
        for name, setting in setting_types.fields(inner).items()
        if name not in _SETTINGS_NOT_OURS
    }


def arguments(cls: griffe.Class) -> dict[str, Setting]:
    """The arguments of the constructor that YAML can write, and those of the parents it passes on."""
    options: dict[str, Setting] = {}
    exclusions: set[str] = set(_NOT_OURS)
    for owner, init in _constructors(cls):
        meanings = sentences(init.docstring)
        for parameter in init.parameters:
            meaning = meanings.get(parameter.name, "")
            if parameter.name in exclusions or meaning == DEPRECATED or parameter.annotation is None:
                continue
            shape = setting_types.shape(str(parameter.annotation), owner)
            if shape.types and parameter.kind is not griffe.ParameterKind.var_keyword:
                default = _literal(parameter.default)
                options[parameter.name] = shape.setting(
                    meaning, default=default, argument=True, required=parameter.default is None
                )
        exclusions |= {p.name for p in init.parameters} | _passed(init)
    return options


def takes_session(cls: griffe.Class) -> bool:
    """Whether the constructor takes an ``aiohttp`` session."""
    return any("aiohttp_session" in init.parameters for _, init in _constructors(cls))


def _constructors(cls: griffe.Class) -> list[tuple[griffe.Class, griffe.Function]]:
    """The constructor, and those of the parents that it hands its ``kwargs`` to."""
    pairs: list[tuple[griffe.Class, griffe.Function]] = []
    for owner in source.lineage(cls):
        # pipecat.services.X_service: what all services share
        if owner.path.count(".") < 4:
            break
        init = owner.members.get("__init__")
        if isinstance(init, griffe.Function):
            pairs.append((owner, init))
            if "kwargs" not in init.parameters:
                break
    return pairs


def _passed(init: griffe.Function) -> set[str]:
    """Arguments that a constructor gives its parent itself."""
    names: set[str] = set()
    for call in _calls(init):
        if ast.unparse(call.func).endswith("__init__"):
            names |= {keyword.arg for keyword in call.keywords if keyword.arg}
    return names


def _defaults(cls: griffe.Class) -> dict[str, Any]:
    """What constructors fill the settings with, where it is a literal; the nearest class wins."""
    values: dict[str, Any] = {}
    for _, init in _constructors(cls):
        for call in _calls(init):
            if ast.unparse(call.func).endswith("Settings"):
                for keyword in call.keywords:
                    if keyword.arg:
                        values.setdefault(keyword.arg, _literal(ast.unparse(keyword.value)))
    return values


def default_model(cls: griffe.Class) -> str | None:
    """The model that the service takes when none is named."""
    model = _defaults(cls).get("model")
    return model if isinstance(model, str) else None


def _calls(function: griffe.Function) -> list[ast.Call]:
    tree = ast.parse(textwrap.dedent(function.source))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _literal(text: object) -> Any:
    """The value of a literal; of ``Language.EN`` the code; None for what is no literal."""
    code = str(text)
    if code.startswith("Language."):
        return code.partition(".")[2].lower().replace("_", "-")
    try:
        return ast.literal_eval(code)
    except (ValueError, SyntaxError):
        return None
