"""Rewrites a conversation for models that require alternating user and assistant messages.

Templates of Gemma's and Mistral's models in vLLM and llama.cpp refuse any other, such as one that begins with
the agent's greeting, has two messages of the caller in a row, or one of a developer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

OPENING = "(The call begins.)"
"""What stands for the caller before the agent's first words."""
_NO_ANSWER = "…"
"""What stands for an answer between a tool's result and the caller's next words."""
INSTRUCTS = ("system", "developer")
"""The roles of messages that instruct the model."""


def alternating(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` as turns of ``user`` and ``assistant``; the results of tools stay behind their calls.

    The first instructions stand before the user's first words, later ones are the user's. Nothing is changed
    in ``messages``.

    >>> for one in alternating([
    ...     {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."},
    ...     {"role": "user", "content": "A table."}, {"role": "user", "content": "For two."},
    ... ]):
    ...     print(one["role"], repr(one["content"]))
    user 'Be brief.\\n\\n(The call begins.)'
    assistant 'Hello.'
    user 'A table.\\n\\nFor two.'
    """
    begins = next((i for i, one in enumerate(messages) if one["role"] not in INSTRUCTS), len(messages))
    turns: list[dict[str, Any]] = []
    for message in messages[begins:]:
        _add(turns, {**message, "role": "user" if message["role"] in INSTRUCTS else message["role"]})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": OPENING})
    for instructions in reversed(messages[:begins]):
        turns[0]["content"] = _together(instructions.get("content"), turns[0].get("content"))
    return turns


def _add(turns: list[dict[str, Any]], message: dict[str, Any]) -> None:
    """``message`` behind ``turns``, as a part of the last one where both are of one role."""
    last = turns[-1] if turns else None
    if last and last["role"] == message["role"] != "tool" and not last.get("tool_calls"):
        turns[-1] = {**last, **message, "content": _together(last.get("content"), message.get("content"))}
        return
    if last and last["role"] == "tool" and message["role"] == "user":
        turns.append({"role": "assistant", "content": _NO_ANSWER})
    turns.append(message)


def _together(first: Any, second: Any) -> Any:
    """Two contents as one: texts, or lists of parts such as pictures."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
