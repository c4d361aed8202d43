"""Finds the error message in a provider's response, wherever it is."""

from __future__ import annotations

from pipecat.frames.frames import ErrorFrame

_KEYS = ("message", "msg", "detail", "error", "errors", "error_message", "description", "reason", "title")
_DEEPEST = 5
_MOST_ITEMS = 3
LONGEST = 300
"""Characters of a provider's words that are told."""


def words_of(frame: ErrorFrame) -> str:
    """The provider's words behind ``frame`` that are not in it; empty where there are none.

    OpenAI's client passes ``error.message`` on alone. Gemini's list of errors, Mistral's and FastAPI's
    ``detail`` and Ollama's plain text are lost. Other fields are left out: they may hold the conversation.
    """
    words = " ".join(found(getattr(frame.exception, "body", None)).split())[:LONGEST]
    return "" if words in frame.error else words


def found(body: object, depth: int = 0) -> str:
    """The first words of a body that was read from JSON, or of plain text; a page is none.

    >>> found([{"error": {"code": 400, "message": "Invalid value."}}])
    'Invalid value.'
    >>> found({"message": {"detail": [{"msg": "Extra inputs", "input": "secret"}]}})
    'Extra inputs'
    """
    if isinstance(body, str):
        return "" if body.lstrip().startswith("<") else body
    if depth == _DEEPEST:
        return ""
    if isinstance(body, list):
        parts: list[object] = body[:_MOST_ITEMS]
    else:
        parts = [body.get(key) for key in _KEYS] if isinstance(body, dict) else []
    return next((words for part in parts if (words := found(part, depth + 1))), "")
