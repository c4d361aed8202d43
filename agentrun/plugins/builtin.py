"""A built-in tool with the settings that a spec gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from agentrun.spec.loading import allowed_keys, problem_messages
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import Where
from agentrun.spec.loading.yaml.one_line import in_one_line
from agentrun.spec.models.tools.tool_use import OPTIONS, ToolUse
from agentrun.tools import builtin as builtins
from agentrun.tools.build import build
from agentrun.tools.tool import Tool

Finding = tuple[Where, str, str]
"""Where below the entry, what is wrong, and the hint."""


def tool_of(entry: ToolUse) -> tuple[Tool | None, list[Finding]]:
    """The built-in tool that ``entry`` names, or what is wrong with its settings."""
    builtin = builtins.builtin(entry.use)
    try:
        settings = builtin.settings.model_validate(entry.settings)
    except ValidationError as error:
        fields = builtin.settings.model_fields.items()
        keys = (*(field.alias or name for name, field in fields), *OPTIONS)
        return None, [_finding(item, keys, builtin.settings) for item in error.errors(include_url=False)]
    result = builtin.make(settings)
    return result if isinstance(result, Tool) else build(result, "agentrun"), []


def unknown_settings(entry: ToolUse) -> Iterator[Finding]:
    """Every setting of a plugin's tool: a plugin's tools have none but the options."""
    for key in entry.settings:
        hint = closest(key, OPTIONS) or f"write one of: {', '.join(OPTIONS)}"
        yield (key,), f"'{key}' is not a key here", hint


def _finding(item: Any, known: Sequence[str], settings: type[BaseModel]) -> Finding:
    kind, context = item["type"], item.get("ctx", {})
    where: Where = tuple(part for part in item["loc"] if part != "[key]")
    if kind == "missing":
        return where[:-1], f"'{where[-1]}' is missing", f"add `{where[-1]}:`"
    if kind == "extra_forbidden":
        key = str(where[-1])
        known = known if len(where) == 1 else allowed_keys.below(settings, item["loc"][:-1])
        return where, f"'{key}' is not a key here", closest(key, known) or f"write one of: {', '.join(known)}"
    if kind == "dict_type" and (example := _example(settings, where)):
        message, _ = problem_messages.wrong_type(item.get("input"), ["a mapping"])
        return where, message, f"write for example {example}"
    if kind in problem_messages.TYPES:
        return where, *problem_messages.wrong_type(item.get("input"), [problem_messages.TYPES[kind]])
    return where, *problem_messages.say(kind, item, context)


def _example(settings: type[BaseModel], where: Where) -> str:
    """How a setting of a tool may be written, or nothing where its model doesn't say."""
    field = settings.model_fields.get(str(where[0])) if len(where) == 1 else None
    if field is None or not field.examples:
        return ""
    return f"{where[0]}: {in_one_line(field.examples[0])}"
