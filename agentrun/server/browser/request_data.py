"""What a page says about its user when it starts a call: ``call.parameters``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.call_parameters import as_text

MOST_BYTES = 16 * 1024
MOST_ENTRIES = 100
LONGEST_NAME = 128


class RequestDataError(ValueError):
    """What a page sent can't be the parameters of a call; says why."""


def parameters(data: Any) -> dict[str, str]:
    """The entries of ``requestData`` (or of a start's ``body``) as text, as calls over Daily have them.

    Lists and mappings become JSON; what is null is left out. Raises RequestDataError for what is no mapping,
    for more than 16 KiB or 100 entries, for too long names, and for what JSON doesn't have.

    >>> parameters({"user": "u_1", "age": 7, "vip": True, "cart": [1, 2], "none": None})
    {'user': 'u_1', 'age': '7', 'vip': 'True', 'cart': '[1, 2]'}
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise RequestDataError('requestData is a mapping, such as {"user": "u_1"}')
    if len(data) > MOST_ENTRIES:
        raise RequestDataError(f"requestData has at most {MOST_ENTRIES} entries")
    try:
        entries = {
            _without_surrogates(str(name)): _without_surrogates(as_text(value))
            for name, value in data.items()
            if value is not None
        }
    except (RecursionError, ValueError):
        raise RequestDataError("a value in requestData is not JSON") from None
    if any(not name or len(name) > LONGEST_NAME for name in entries):
        raise RequestDataError(f"a name in requestData has 1 to {LONGEST_NAME} characters")
    if sum(len(part.encode()) for entry in entries.items() for part in entry) > MOST_BYTES:
        raise RequestDataError(f"requestData has at most {MOST_BYTES // 1024} KiB")
    return entries


def _without_surrogates(text: str) -> str:
    """``text`` without halves of surrogate pairs, which can be neither stored nor sent on."""
    return text.encode("utf-8", "replace").decode()
