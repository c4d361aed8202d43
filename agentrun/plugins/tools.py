"""The tools and services of one plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentrun.errors import PluginError
from agentrun.plugins.call_hooks import CallHooks
from agentrun.plugins.find import Source
from agentrun.plugins.hooks import call_hooks_of, functions_of
from agentrun.plugins.importing import import_plugin
from agentrun.spec.values import function_names
from agentrun.tools.arguments.argument_check import SignatureError
from agentrun.tools.build import build, origin
from agentrun.tools.tool import Tool


@dataclass(frozen=True)
class Plugin:
    """An imported plugin: its tools by name, in order, and its hooks for calls."""

    tools: Mapping[str, Tool]
    hooks: CallHooks


def open_plugin(source: Source) -> Plugin:
    """Import one plugin; raises PluginError."""
    module = import_plugin(source)
    hooks = call_hooks_of(source, module)
    return Plugin(_tools(source, module, hooks.home), hooks)


def _tools(source: Source, module: object, home: str | None) -> Mapping[str, Tool]:
    tools: dict[str, Tool] = {}
    for function in functions_of(source, module):
        tool = _tool(source, function, home)
        if tool.name in tools:
            both = f"{tools[tool.name].origin} and {tool.origin}"
            hint = "rename one of them, or name it apart with @tool(name=…)"
            raise PluginError(source.name, source.where, f"two tools are called '{tool.name}': {both}", hint)
        tools[tool.name] = tool
    return tools


def _tool(source: Source, function: Callable[..., Any], home: str | None) -> Tool:
    try:
        tool = build(function, source.name, home)
    except SignatureError as error:
        message = f"{origin(function)}: {function.__name__} {error.message}"
        raise PluginError(source.name, source.where, message, error.hint) from None
    if not function_names.can_be_called(tool.name):
        message = f"{tool.origin}: '{tool.name}' can't be a tool's name"
        raise PluginError(source.name, source.where, message, function_names.HINT)
    return tool
