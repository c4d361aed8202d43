"""Makes the end of a response readable for Pipecat, so that a complete answer counts as complete."""

from __future__ import annotations

from typing import Any

from pipecat.services.openai.realtime import events
from pydantic import ValidationError

_STATUSES = ("completed", "in_progress", "incomplete", "cancelled", "failed")
_KNOWN_ITEMS = ("message", "function_call", "function_call_output")


def readable(response: Any) -> dict[str, Any]:
    """``response`` of a ``response.done``, without what Pipecat can't read of it.

    One with a status that is not known is incomplete, for that reason.

    >>> readable({"id": "r", "status": "completed", "usage": "none", "output": [{"type": "mcp_call"}]})
    {'id': 'r', 'status': 'completed', 'output': []}
    >>> readable({"id": "r", "status": "expired"})["status_details"]
    {'reason': 'expired'}
    """
    given = response if isinstance(response, dict) else {}
    told = {**given, "output": _items(given.get("output"))}
    status = told.get("status")
    if status is not None and status not in _STATUSES:
        told |= {"status": "incomplete", "status_details": {"reason": str(status)[:100]}}
    while True:
        try:
            events.Response.model_validate(told)
        except ValidationError as error:
            keys = {str(each["loc"][0]) for each in error.errors() if each["loc"]} & told.keys()
            if not keys:
                return {"output": []}
            told = {key: value for key, value in told.items() if key not in keys}
        else:
            return told


def _items(output: Any) -> list[Any]:
    """The items of a response that Pipecat has a name for and can read."""
    items = output if isinstance(output, list) else []
    return [item for item in items if isinstance(item, dict) and item.get("type") in _KNOWN_ITEMS]
