"""The settings of a plugin's service class, read from its constructor and its ``Settings``."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from agentrun.providers.service import Kind, Service, Setting, Type, Variable

_PLAIN: Mapping[Any, Type] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_GROUPS: tuple[tuple[type, Type], ...] = ((Mapping, "object"), (Sequence, "array"), (set, "array"))
_NOT_OURS = frozenset(
    ["settings", "model", "system_instruction", "aiohttp_session", "user_turn_completion_config", "extra"]
)
"""What agentrun fills itself."""


def service(kind: Kind, provider: str, cls: type) -> Service:
    """The service of ``provider`` that ``cls`` is; its ``api_key`` is read from ``<PROVIDER>_API_KEY``.

    >>> class Parrot:
    ...     def __init__(self, *, api_key: str, pitch: float = 1.0) -> None: ...
    >>> [(v.name, v.required) for v in service("tts", "parrot", Parrot).variables]
    [('PARROT_API_KEY', True)]
    >>> service("tts", "parrot", Parrot).settings["pitch"].types
    ('number',)
    """
    arguments = dict(_arguments(cls))
    key = arguments.get("api_key")
    name = f"{provider.replace('-', '_').upper()}_API_KEY"
    parameters = {name for init in _constructors(cls) for name in inspect.signature(init).parameters}
    return Service(
        kind,
        provider,
        variables=(Variable(name, "api_key", key.required),) if key else (),
        settings=arguments | dict(_settings(cls)),
        label=cls.__name__,
        cls=cls,
        session="aiohttp_session" in parameters,
    )


def settings_class(cls: type) -> Any:
    """The dataclass of a service's settings: its own ``Settings``, or what a parent's constructor takes."""
    own = getattr(cls, "Settings", None)
    inits = [vars(owner).get("__init__") for owner in inspect.getmro(cls)]
    parts = (
        part for init in inits if inspect.isfunction(init) for part in _parts(_hints(init).get("settings"))
    )
    return own or next((part for part in parts if is_dataclass(part)), None)


def _arguments(cls: type) -> Iterator[tuple[str, Setting]]:
    """The constructor's arguments, and those of the plugin's parents that it hands its ``kwargs`` to."""
    seen = set(_NOT_OURS)
    for init in _constructors(cls):
        hints = _hints(init)
        for name, parameter in list(inspect.signature(init).parameters.items())[1:]:
            if name in seen or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            seen.add(name)
            required = parameter.default is parameter.empty
            yield (
                name,
                _setting(hints.get(name, Any), None if required else parameter.default, required, True),
            )


def _constructors(cls: type) -> Iterator[Callable[..., Any]]:
    for owner in inspect.getmro(cls):
        init = vars(owner).get("__init__")
        if owner.__module__.startswith("pipecat.") and owner.__module__.count(".") < 3:
            return
        if inspect.isfunction(init):
            yield init
            if all(p.kind is not p.VAR_KEYWORD for p in inspect.signature(init).parameters.values()):
                return


def _settings(cls: type) -> Iterator[tuple[str, Setting]]:
    settings_type = settings_class(cls)
    if settings_type is None:
        return
    hints = _hints(settings_type)
    for one in fields(settings_type):
        if one.name not in _NOT_OURS:
            default = None if one.default is MISSING else one.default
            yield one.name, _setting(hints.get(one.name, Any), default, False, False)


def _hints(of: Any) -> Mapping[str, Any]:
    """Type hints; none where a name in them exists for type checkers alone."""
    try:
        return typing.get_type_hints(of)
    except NameError:
        return {}


def _setting(hint: Any, default: Any, required: bool, argument: bool) -> Setting:
    kinds: list[Type] = []
    choices: list[str | int] = []
    for part in _parts(hint):
        kind, allowed = _kind(part)
        kinds.append(kind)
        choices += allowed
    kinds = ["any"] if "any" in kinds or not kinds else list(dict.fromkeys(kinds))
    plain = (
        default if isinstance(default, str | int | float | bool) and not isinstance(default, Enum) else None
    )
    return Setting(
        kinds[0], "", also=tuple(kinds[1:]), choices=() if str in _parts(hint) else tuple(choices),
        items="any", default=plain, required=required, argument=argument,
    )  # fmt: skip


def _parts(hint: Any) -> tuple[Any, ...]:
    """The members of a union, without None and without Pipecat's mark for what was not given."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    parts = typing.get_args(hint) if union else (hint,)
    return tuple(p for p in parts if p is not type(None) and getattr(p, "__name__", "") != "_NotGiven")


def _kind(part: Any) -> tuple[Type, list[str | int]]:
    """The type that a hint asks of YAML, and the values that it allows where they are few."""
    origin = typing.get_origin(part) or part
    if part in _PLAIN:
        return _PLAIN[part], []
    if origin is typing.Literal:
        values = list(typing.get_args(part))
        return _PLAIN.get(type(values[0]), "any"), values
    if inspect.isclass(origin):
        if issubclass(origin, Enum):
            # a language may be one that the enumeration doesn't have: the service is given the word
            choices = [] if origin.__name__ == "Language" else [m.value for m in origin]
            return "string", choices
        for group, kind in _GROUPS:
            if issubclass(origin, group):
                return kind, []
    return "any", []
