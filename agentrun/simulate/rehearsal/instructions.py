"""Follows instructions without a user turn: greet, or say given words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.idle import SILENT

_QUOTED = re.compile(r"[\"“](.+?)[\"”]", re.DOTALL)
_YOU_ARE = re.compile(r"\bthat you(?: are|'re) ([^.,;!]+)", re.IGNORECASE)
_LOST = re.compile(r"connection was lost", re.IGNORECASE)
_TEMPLATE = re.compile(r"\\?\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
"""What a text is filled in at; a backslash before it keeps the braces, and is taken away."""
_TOLD = ("system", "developer")


def is_instruction(message: Mapping[str, Any], specs: Sequence[AgentSpec]) -> bool:
    """Whether a message tells the model what to do; realtime services give these the caller's role."""
    if message.get("role") in _TOLD:
        return True
    return _is_ours(message, specs)


def _is_ours(message: Mapping[str, Any], specs: Sequence[AgentSpec]) -> bool:
    """Whether the words of a message are those by which a session has its model speak."""
    text = text_of(message)
    if asks_for_words(message) or is_about_silence(message) or _LOST.search(text):
        return True
    return any(_greets(spec, text) for spec in specs)


def asks_for_words(message: Mapping[str, Any]) -> bool:
    """Whether a message has a realtime model say fixed words."""
    return text_of(message).startswith("Say exactly these words")


def is_about_silence(message: Mapping[str, Any]) -> bool:
    """Whether a message has the model speak to a caller who says nothing."""
    return text_of(message).startswith(SILENT)


def without_tasks(
    messages: Sequence[Mapping[str, Any]], specs: Sequence[AgentSpec]
) -> list[Mapping[str, Any]]:
    """The messages without those that a flow's nodes bring: they are about what comes, not to be answered.

    A task that is one name, such as ``{{ task }}``, may be any words: it is known by its role alone.
    """
    nodes = [node for spec in specs if spec.flow for node in spec.flow.nodes.values()]
    written = [message.content for node in nodes for message in node.task_messages]
    fixed = [_filled(task) for task in written if _TEMPLATE.sub("", task).strip()]
    told = _TOLD if len(fixed) < len(written) else ()
    return [
        m
        for m in messages
        if not any(task.fullmatch(text_of(m)) for task in fixed)
        and (m.get("role") not in told or _is_ours(m, specs))
    ]


def _filled(template: str) -> re.Pattern[str]:
    """What ``template`` looks like with anything filled in."""
    pattern = ".*".join(re.escape(part.strip()) for part in _TEMPLATE.split(template))
    return re.compile(rf"\s*{pattern}\s*", re.DOTALL)


def _greets(spec: AgentSpec, text: str) -> bool:
    """Whether ``text`` is the spec's greeting with its template filled in."""
    greeting = spec.greeting
    if not isinstance(greeting, str):
        return False
    return bool(text) and _filled(greeting).fullmatch(text) is not None


def obey(instruction: str, specs: Sequence[AgentSpec]) -> str:
    """The words that do what ``instruction`` asks; what is in quotes is said as it is."""
    quoted = _QUOTED.search(instruction)
    if quoted:
        return quoted[1].strip()
    if _LOST.search(instruction):
        return "Sorry, we were cut off for a moment. What did you say last?"
    if instruction.startswith(SILENT):
        return "Are you still there?"
    who = _YOU_ARE.search(instruction)
    if who:
        return f"Hello! I am {who[1].strip()}. How can I help you?"
    if specs and "introduce" in instruction.lower():
        return f"Hello! I am {specs[0].name.replace('-', ' ')}, a computer voice. How can I help you?"
    return "Hello! How can I help you?"


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a message, whether it is a text or has parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text") or part.get("transcript") or "") for part in content).strip()
