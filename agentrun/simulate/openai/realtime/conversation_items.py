"""Realtime conversation items, and their conversion to chat messages."""

from __future__ import annotations

import json
import re
from typing import Any

from agentrun.text_normalization.words import beginning

_SAVED = re.compile(
    r"\s*This is a previously saved conversation\..*?(\[.*\])\s*This is the end of the previously saved",
    re.DOTALL,
)


def as_messages(instructions: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items as the messages that a brain is given.

    A conversation that Pipecat has packed into one item, as it does when a session begins with one, is
    unpacked again.
    """
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}] if instructions else []
    for item in items:
        if item["type"] == "message":
            words = _words(item)
            messages += _saved(words) or [{"role": item["role"], "content": words}]
        elif item["type"] == "function_call":
            messages.append({"role": "assistant", "content": "", "tool_calls": [_call(item)]})
        elif item["type"] == "function_call_output":
            content = item.get("output") or ""
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": content})
    return messages


def as_tools(tools: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Realtime's and Responses' flat tools as chat completions have them."""
    keys = ("name", "description", "parameters")
    return [
        {"type": "function", "function": {key: tool[key] for key in keys if key in tool}}
        for tool in tools or []
        if tool.get("type") == "function"
    ]


def message(item_id: str, role: str, kind: str, text: str, status: str = "completed") -> dict[str, Any]:
    """A message item with one part of content."""
    key = "text" if kind in ("input_text", "output_text") else "transcript"
    content = [{"type": kind, key: text}] if text else []
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }


def shorten(item: dict[str, Any], share: float) -> None:
    """Keep about the first ``share`` of a spoken item's words.

    >>> item = message("item_1", "assistant", "output_audio", "One two three four.")
    >>> shorten(item, 0.5)
    >>> item["content"][0]["transcript"]
    'One two'
    """
    for part in item.get("content") or []:
        part["transcript"] = beginning(str(part.get("transcript") or ""), share)


def function_call(item_id: str, call_id: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A function call item."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call",
        "status": "completed",
        "call_id": call_id,
        "name": name,
        "arguments": json.dumps(arguments),
    }


def _words(item: dict[str, Any]) -> str:
    parts = item.get("content") or []
    return " ".join(str(part.get("text") or part.get("transcript") or "") for part in parts).strip()


def _saved(words: str) -> list[dict[str, Any]]:
    """The messages that Pipecat has packed into one; none where these are other words."""
    packed = _SAVED.match(words)
    if packed is None:
        return []
    try:
        messages = json.loads(packed[1])
    except ValueError:
        return []
    return [message for message in messages if isinstance(message, dict) and "role" in message]


def _call(item: dict[str, Any]) -> dict[str, Any]:
    function = {"name": item["name"], "arguments": item.get("arguments") or "{}"}
    return {"id": item["call_id"], "type": "function", "function": function}
