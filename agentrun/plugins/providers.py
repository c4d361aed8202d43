"""The service classes that plugins bring, by provider."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from agentrun.errors import PluginError
from agentrun.plugins.find import Source, find
from agentrun.plugins.hooks import providers_of
from agentrun.plugins.importing import import_plugin
from agentrun.providers import from_class
from agentrun.providers.service import KINDS, Kind, Service
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile

_PARENTS: Mapping[Kind, str] = {
    "stt": "STTService",
    "llm": "LLMService",
    "tts": "TTSService",
    "realtime": "LLMService",
}
"""Pipecat's class that a service of each kind inherits from."""
_HINT = 'return for example {"tts": {"parrot": ParrotTTSService}} from agentrun_providers'


class PluginServices:
    """Finds the services of providers that Pipecat doesn't have; plugins are imported when needed.

    ``parrot/…`` is looked for in the plugin ``parrot``, then in those that the spec's ``tools`` name.
    """

    def __init__(self, file: SpecFile, *, import_plugins: bool = True) -> None:
        self._import_plugins = import_plugins
        self._sources = find(file.project)
        self._named = [entry.use.partition(".")[0] for entry in file.spec.tools]
        self._opened: dict[str, Mapping[Kind, Mapping[str, type]]] = {}

    def find(self, kind: Kind, provider: str) -> Service | None:
        """The service, or None when no plugin brings it; raises PluginError when one can't be used."""
        name = provider.replace("_", "-")
        plugins = dict.fromkeys([provider, provider.replace("-", "_"), *self._named])
        if not self._import_plugins:
            there = any(plugin in self._sources for plugin in plugins)
            return Service(kind, name, unchecked=True) if there else None
        for plugin in plugins:
            for own, cls in self._open(plugin).get(kind, {}).items():
                if own.replace("_", "-") == name:
                    return from_class.service(kind, name, cls)
        return None

    def _open(self, plugin: str) -> Mapping[Kind, Mapping[str, type]]:
        if plugin not in self._opened:
            sources = self._sources.get(plugin, [])
            if len(sources) > 1:
                both = " and ".join(source.where for source in sources)
                message = f"two plugins are called '{plugin}': {both}"
                raise PluginError(plugin, sources[0].where, message, "rename or remove one of them")
            self._opened[plugin] = classes_of(sources[0]) if sources else {}
        return self._opened[plugin]


def classes_of(source: Source) -> Mapping[Kind, Mapping[str, type]]:
    """Import one plugin and give its service classes by kind and name; raises PluginError."""
    brought: dict[Kind, dict[str, type]] = {}
    for result in providers_of(source, import_plugin(source)):
        for kind, classes in _mapping(source, result).items():
            if kind not in KINDS:
                hint = closest(str(kind), KINDS) or f"the kinds are: {', '.join(KINDS)}"
                raise _error(source, f"'{kind}' is not a kind of service", hint)
            for name, cls in _mapping(source, classes).items():
                brought.setdefault(kind, {})[str(name)] = _class(source, kind, name, cls)
    return brought


def _mapping(source: Source, given: Any) -> Mapping[Any, Any]:
    if isinstance(given, Mapping):
        return given
    raise _error(source, f"agentrun_providers gives {type(given).__name__}, not a mapping", _HINT)


def _class(source: Source, kind: Kind, name: object, cls: Any) -> type:
    if not inspect.isclass(cls):
        raise _error(source, f"'{name}' is {cls!r:.80}, which is not a class", _HINT)
    if _PARENTS[kind] not in [parent.__name__ for parent in inspect.getmro(cls)]:
        message = f"{cls.__name__} is not a {_PARENTS[kind]}, and '{name}' is brought for {kind}"
        raise _error(source, message, f"inherit from Pipecat's {_PARENTS[kind]}")
    return cls


def _error(source: Source, message: str, hint: str) -> PluginError:
    return PluginError(source.name, source.where, message, hint)
