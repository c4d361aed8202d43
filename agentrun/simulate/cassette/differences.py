"""What changed between a request and the recorded one, in terms of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AGAIN = "record again"
_KINDS = {
    "user": "the caller's words",
    "tool": "a tool's result",
    "function_call_output": "a tool's result",
    "assistant": "the agent's answer",
}


def between(recorded: Any, asked: Any) -> str:
    """The first difference that a person would name.

    >>> old = {"messages": [{"role": "system", "content": "Be brief."}]}
    >>> between(old, {"messages": [{"role": "system", "content": "Be rude."}]})
    'prompts.system changed since this was recorded: record again'
    """
    if not isinstance(recorded, Mapping) or not isinstance(asked, Mapping):
        return f"the request changed since this was recorded: {_AGAIN}"
    for name in (_model, _system, _tools, _messages):
        if part := name(recorded, asked):
            return f"{part} changed since this was recorded: {_AGAIN}"
    keys = sorted(key for key in {*recorded, *asked} if recorded.get(key) != asked.get(key))
    return f"{', '.join(keys) or 'the request'} changed since this was recorded: {_AGAIN}"


def _model(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return "the model" if old.get("model") != new.get("model") else ""


def _instructions(body: Mapping[str, Any]) -> list[str]:
    session = body.get("session") if isinstance(body.get("session"), dict) else {}
    prompts = [body.get("instructions"), (session or {}).get("instructions")]
    messages = [m for m in body.get("messages") or [] if isinstance(m, dict)]
    prompts += [message.get("content") for message in messages if message.get("role") == "system"]
    return [str(text) for text in prompts if text]


def _system(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return "prompts.system" if _instructions(old) != _instructions(new) else ""


def _tools_of(body: Mapping[str, Any]) -> dict[str, Any]:
    session = body.get("session") if isinstance(body.get("session"), dict) else {}
    tools = body.get("tools") or (session or {}).get("tools") or []
    return {str((tool.get("function") or tool).get("name")): tool for tool in tools if isinstance(tool, dict)}


def _tools(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    before, now = _tools_of(old), _tools_of(new)
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return f"the tool{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""


def _words(message: Any) -> tuple[str, str]:
    if not isinstance(message, dict):
        return "", str(message)
    return str(message.get("role") or message.get("type")), str(
        message.get("content") or message.get("output") or message
    )


def _messages(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    def listed(body: Mapping[str, Any]) -> list[Any]:
        items = body.get("messages") or body.get("input") or ([body["item"]] if "item" in body else [])
        return items if isinstance(items, list) else [items]

    before, now = listed(old), listed(new)
    for then, today in zip(before, now, strict=False):
        if then != today:
            role, words = _words(today)
            return f"{_KINDS.get(role, 'a prompt')} ({words[:60]!r})"
    return "the conversation" if len(before) != len(now) else ""
