"""The tools that a spec names: only the plugins that it names are imported."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType
from typing import Any

import pluggy
from pluggy import PluginValidationError

from agentrun.errors import PluginError, Problem, SpecError
from agentrun.plugins import find, hookspec
from agentrun.plugins.find import Source
from agentrun.spec.file import SpecFile
from agentrun.tools import build
from agentrun.tools.schema import SignatureProblem
from agentrun.tools.tool import Tool

MOST_THREADS = 16
"""Threads for ``def`` tools of one agent; more calls than that wait for a thread."""
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def load(file: SpecFile) -> tuple[Tool, ...]:
    """The tools of ``file``, in the order in which the spec names them.

    Raises SpecError with every problem that stands at a line of the spec, and PluginError for a plugin
    that can't be used.
    """
    sources = find.find(file.project)
    loaded: dict[str, dict[str, Tool]] = {}
    problems: list[Problem] = []
    chosen: dict[str, tuple[Tool, int]] = {}
    threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=f"tool-{file.spec.name}")
    for index, entry in enumerate(file.spec.tools):
        plugin, _, wanted = entry.partition(".")
        source = _source(file, index, plugin, sources, problems)
        if source is None:
            continue
        if plugin not in loaded:
            loaded[plugin] = tools_of(source, threads)
        for tool in _wanted(file, index, plugin, wanted, loaded[plugin], problems):
            other = chosen.setdefault(tool.name, (tool, index))[0]
            if other is not tool:
                problems.append(
                    file.problem(
                        ("tools", index),
                        f"two tools are called '{tool.name}': {other.origin} and {tool.origin}",
                        "rename one of them with @tool(name=…)",
                    )
                )
    if problems:
        raise SpecError(problems)
    return tuple(tool for tool, _ in chosen.values())


def tools_of(source: Source, threads: ThreadPoolExecutor) -> dict[str, Tool]:
    """Import one plugin and give its tools by name; raises PluginError."""
    functions = _functions(source, find.load(source))
    tools: dict[str, Tool] = {}
    for function in functions:
        tool = _tool(source, function, threads)
        if tool.name in tools:
            both = f"{tools[tool.name].origin} and {tool.origin}"
            raise PluginError(source.name, source.where, f"two tools are called '{tool.name}': {both}")
        tools[tool.name] = tool
    return tools


def _functions(source: Source, module: ModuleType) -> list[Any]:
    manager = pluggy.PluginManager("agentrun")
    manager.add_hookspecs(hookspec)
    try:
        manager.register(module, source.name)
        manager.check_pending()
    except PluginValidationError as error:
        raise PluginError(source.name, source.where, *_hook_problem(str(error))) from None
    if not manager.get_hookcallers(module):
        hint = "mark a function agentrun_tools with @hookimpl; it returns the functions that are tools"
        raise PluginError(source.name, source.where, "implements no hook", hint)
    try:
        results: list[Any] = manager.hook.agentrun_tools()
    except Exception as error:
        message = f"agentrun_tools raised {type(error).__name__}: {error}"
        raise PluginError(source.name, source.where, message, "it must only name functions") from None
    functions: list[Any] = []
    for result in results:
        if not isinstance(result, Sequence) or isinstance(result, str | bytes):
            message = f"agentrun_tools returned {type(result).__name__}"
            raise PluginError(source.name, source.where, message, "return a list of functions")
        functions.extend(result)
    return functions


def _hook_problem(text: str) -> tuple[str, str]:
    named = re.search(r"unknown hook '(\w+)'", text)
    known = [name for name in dir(hookspec) if name.startswith("agentrun_")]
    if not named:
        return text.splitlines()[-1].strip(), f"the hooks are: {', '.join(known)}"
    close = difflib.get_close_matches(named[1], known, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"the hooks are: {', '.join(known)}"
    return f"'{named[1]}' is not a hook of agentrun", hint


def _tool(source: Source, function: Any, threads: ThreadPoolExecutor) -> Tool:
    if not callable(function) or not hasattr(function, "__name__"):
        message = f"agentrun_tools names {function!r}, which is not a function"
        raise PluginError(source.name, source.where, message, "return functions")
    try:
        tool = build.build(function, source.name, threads)
    except SignatureProblem as problem:
        message = f"{function.__name__} ({build.origin(function)}) {problem.message}"
        raise PluginError(source.name, source.where, message, problem.hint) from None
    if not _TOOL_NAME.fullmatch(tool.name):
        message = f"'{tool.name}' can't be a tool's name"
        raise PluginError(source.name, source.where, message, "use letters, digits, _ and -, at most 64")
    return replace(tool)


def _source(
    file: SpecFile,
    index: int,
    plugin: str,
    sources: Mapping[str, list[Source]],
    problems: list[Problem],
) -> Source | None:
    found = sources.get(plugin, [])
    if len(found) == 1:
        return found[0]
    if found:
        both = " and ".join(source.where for source in found)
        problems.append(
            file.problem(("tools", index), f"two plugins are called '{plugin}': {both}", "rename one of them")
        )
        return None
    close = difflib.get_close_matches(plugin, sources, 1)
    there = f"there are: {', '.join(sorted(sources))}" if sources else f"put {plugin}.py there"
    hint = f"did you mean '{close[0]}'?" if close else there
    where = file.project / find.FOLDER
    problems.append(file.problem(("tools", index), f"there is no plugin '{plugin}' in {where}", hint))
    return None


def _wanted(
    file: SpecFile,
    index: int,
    plugin: str,
    wanted: str,
    tools: Mapping[str, Tool],
    problems: list[Problem],
) -> list[Tool]:
    if not wanted:
        return list(tools.values())
    if wanted in tools:
        return [tools[wanted]]
    close = difflib.get_close_matches(wanted, tools, 1)
    hint = f"did you mean '{plugin}.{close[0]}'?" if close else f"it has: {', '.join(tools)}"
    problems.append(file.problem(("tools", index), f"plugin '{plugin}' has no tool '{wanted}'", hint))
    return []
