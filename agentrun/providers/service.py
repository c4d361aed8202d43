"""The description of a service, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["stt", "llm", "tts", "realtime"]
KINDS: tuple[Kind, ...] = ("stt", "llm", "tts", "realtime")
Type = Literal["string", "number", "integer", "boolean", "array", "object", "duration", "any"]


@dataclass(frozen=True)
class Setting:
    """One setting of a service: its type, what it means, and the values allowed where they are few.

    ``also`` are other types that fit. ``fields`` are the keys of an object, where they are known; ``items``
    is the type of a list's entries; ``words`` are the strings that may stand for an object. ``argument`` is
    true for what goes to the constructor and not to its settings. A ``default`` that is ``ours`` is given to
    the service, which has another one; a spec that writes some keys of such an object keeps the others.
    """

    type: Type
    help: str
    choices: tuple[str | int, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    fields: Mapping[str, Setting] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    may_be_false: bool = False
    also: tuple[Type, ...] = ()
    items: Type = "string"
    default: Any = None
    argument: bool = False
    required: bool = False
    ours: bool = False

    @property
    def types(self) -> tuple[Type, ...]:
        """Every type that fits."""
        return (self.type, *self.also)


@dataclass(frozen=True)
class Variable:
    """A variable of the environment that holds an argument of the constructor."""

    name: str
    argument: str
    required: bool = True


@dataclass(frozen=True)
class Nested:
    """An argument that is an object made of other arguments: its class and their names."""

    path: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """A service of a provider: what it needs and what may be set.

    ``cls`` is its class, or where it stands: ``package.module:Class``. ``extras`` are Pipecat's, ``packages``
    the distributions that they install. ``session``: its constructor takes an ``aiohttp`` session.
    ``unchecked``: what may be set is not known.
    """

    kind: Kind
    provider: str
    variables: tuple[Variable, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    label: str = ""
    model: str = ""
    cls: str | type = ""
    extras: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    session: bool = False
    nested: Mapping[str, Nested] = field(default_factory=dict)
    unchecked: bool = False

    def with_our_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a spec, and behind them what the service is given where the spec says nothing.

        >>> service = Service("llm", "x", settings={"y": Setting("object", "", default={"a": 1}, ours=True)})
        >>> service.with_our_defaults({"y": {"b": 2}})
        {'y': {'a': 1, 'b': 2}}
        """
        ours = {name: setting.default for name, setting in self.settings.items() if setting.ours}
        given = {name: values.get(name, {}) for name in ours}
        whole = {name: {**ours[name], **keys} for name, keys in given.items() if isinstance(keys, Mapping)}
        return {**values, **whole}

    @property
    def takes_http(self) -> bool:
        """Whether its ``base_url`` is an HTTP address; others take a socket's, or a bare host."""
        address = self.settings.get("base_url")
        return self.provider == "openai" or (address is not None and str(address.default).startswith("http"))
