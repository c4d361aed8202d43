"""Loads the tools that a spec names, and imports only the plugins it names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agentrun.errors import PluginError, Problem, SpecError
from agentrun.plugins import builtin, handoff
from agentrun.plugins.call_hooks import CallHooks
from agentrun.plugins.find import FOLDER, Source, find, why_passed_over
from agentrun.plugins.tools import Plugin, open_plugin
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.tools.tool_use import ToolUse
from agentrun.tools import mcp
from agentrun.tools.builtin import BUILTINS
from agentrun.tools.tool import Tool

_RENAME = "rename one with @tool(name=…), or name single tools here"
_ENTRY = re.compile(r"([^.\s]+)(?:\.([^.\s]+))?")


def load(file: SpecFile) -> tuple[Tool, ...]:
    """The tools of ``load_all``.

    >>> [tool.name for tool in load(spec.load(Path("agents/ncaa.yaml")))]  # doctest: +SKIP
    ['get_mens_basketball_scores', 'get_womens_basketball_scores']
    """
    return load_all(file).tools


@dataclass(frozen=True)
class Loaded:
    """What the plugins of a spec bring."""

    tools: tuple[Tool, ...]
    hooks: tuple[CallHooks, ...] = ()


def load_all(file: SpecFile) -> Loaded:
    """The tools of ``file``, in the order in which the spec names them; a tool named twice is there once.

    Raises SpecError with every problem, each at its entry of ``tools:``; or PluginError when one plugin that
    can't be used is all that is wrong. The hooks are those of every plugin that the spec names.
    """
    shelf = _Shelf(file, find(file.project))
    chosen: dict[str, Tool] = {}
    for index, entry in enumerate(file.spec.tools):
        for tool in shelf.named(index, entry):
            other = chosen.get(tool.name, tool)
            chosen[tool.name] = tool
            if other.origin != tool.origin:
                message = f"two tools are called '{tool.name}': {other.origin} and {tool.origin}"
                only = "name others of its tools in `only:`" if tool.plugin == mcp.MCP else _RENAME
                shelf.problem(index, message, only)
    if file.spec.knowledge:
        from agentrun.plugins import knowledge  # reads HTML and archives, which most agents don't

        knowledge.add(file, file.spec.knowledge, chosen, shelf.problems)
    handoff.add(file, chosen, shelf.problems)
    shelf.raise_problems()
    hooks = (plugin.hooks for plugin in shelf.opened.values() if plugin and plugin.hooks)
    return Loaded(tuple(chosen.values()), tuple(hooks))


@dataclass
class _Shelf:
    """The plugins at hand, those opened so far, and what is wrong with them."""

    file: SpecFile
    sources: Mapping[str, list[Source]]
    opened: dict[str, Plugin | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: list[tuple[int, PluginError]] = field(default_factory=list)

    def named(self, index: int, entry: ToolUse) -> list[Tool]:
        """The tools of one entry with its options; none when something is wrong with it."""
        if entry.mcp:
            return mcp.unlisted(entry.mcp)
        if entry.use in BUILTINS and not self.sources.get(entry.use):
            tool, wrong = builtin.tool_of(entry)
            tools = [tool] if tool else []
        else:
            tools, wrong = self._of_plugin(index, entry.use), list(builtin.unknown_settings(entry))
        for where, message, hint in wrong:
            self.problem(index, message, hint, where)
        return [replace(tool, **entry.options) for tool in tools]

    def _of_plugin(self, index: int, entry: str) -> list[Tool]:
        """The tools of ``plugin`` or ``plugin.tool``."""
        match = _ENTRY.fullmatch(entry)
        if not match:
            self.problem(index, f"'{entry}' names no tool", "write a plugin's name, or plugin.tool")
            return []
        plugin, name = match.groups()
        tools = self._open(index, plugin)
        if name is None or plugin not in self.opened or not self.opened[plugin]:
            return list(tools.values())
        if name not in tools:
            close = difflib.get_close_matches(name, tools, 1)
            hint = (
                f"did you mean '{plugin}.{close[0]}'?"
                if close
                else f"name one of its tools: {', '.join(tools)}"
            )
            self.problem(index, f"plugin '{plugin}' has no tool '{name}'", hint)
            return []
        return [tools[name]]

    def problem(self, index: int, message: str, hint: str, below: Where = ()) -> None:
        """Something is wrong with the entry of this index, or ``below`` it."""
        self.problems.append(self.file.problem(("tools", index, *below), message, hint))

    def raise_problems(self) -> None:
        """Raise the problems found, if any."""
        if len(self.broken) == 1 and not self.problems:
            raise self.broken[0][1]
        for index, error in self.broken:
            self.problem(index, error.message, error.hint)
        if self.problems:
            raise SpecError(self.problems)

    def _open(self, index: int, plugin: str) -> Mapping[str, Tool]:
        if plugin not in self.opened:
            self.opened[plugin] = None
            source = self._source(index, plugin)
            if source:
                try:
                    self.opened[plugin] = open_plugin(source)
                except PluginError as error:
                    self.broken.append((index, error))
        entry = self.opened[plugin]
        return entry.tools if entry else {}

    def _source(self, index: int, plugin: str) -> Source | None:
        sources = self.sources.get(plugin, [])
        if sources and plugin in BUILTINS:
            message = f"'{plugin}' is a built-in tool, and {sources[0].where} is a plugin of that name"
            self.problem(index, message, "rename the plugin")
            return None
        if len(sources) == 1:
            return sources[0]
        if sources:
            both = " and ".join(source.where for source in sources)
            self.problem(index, f"two plugins are called '{plugin}': {both}", "rename or remove one of them")
            return None
        folder = self.file.project / FOLDER
        if passed_over := why_passed_over(folder, plugin):
            self.problem(index, *passed_over)
            return None
        close = difflib.get_close_matches(plugin, [*self.sources, *BUILTINS], 1)
        there = f", or name one of: {', '.join(sorted(self.sources))}" if self.sources else ""
        hint = f"did you mean '{close[0]}'?" if close else f"write {folder / plugin}.py{there}"
        self.problem(index, f"there is no plugin '{plugin}' in {folder} or installed", hint)
        return None
