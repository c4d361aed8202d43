"""The start parameters of a session, as the parameters of its call."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from loguru import logger

from agentrun.call_parameters import as_text

MOST_PARAMETERS = 64
MOST_NAME = 64
MOST_CHARACTERS = 4_096
"""Of one value; what is longer is left out, for half of a text may mean something else."""
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def parameters(body: object, but: Collection[str] = ()) -> dict[str, str]:
    """``body`` as text by name, as prompts and tools see it in ``call.body``; lists and mappings as JSON.

    Names in ``but`` are left out; so is what is null, too long, or over 64 names.

    >>> parameters({"order": 7, "vip": True, "who": {"name": "Ann"}, "none": None})
    {'order': '7', 'vip': 'True', 'who': '{"name": "Ann"}'}
    """
    if not isinstance(body, Mapping):
        return {}
    values: dict[str, str] = {}
    for name, value in body.items():
        if value is None or name in but:
            continue
        text = _text(value)
        fits = isinstance(name, str) and len(name) <= MOST_NAME and text is not None
        if not fits or text is None or len(values) == MOST_PARAMETERS:
            logger.warning("a parameter of the session's body is left out: it is too long, or one too many")
            continue
        values[name] = text
    return values


def call_id(given: object) -> str:
    """``given`` if it is a valid call id, otherwise a random one."""
    return given if isinstance(given, str) and _ID.fullmatch(given) else uuid.uuid4().hex


def _text(value: Any) -> str | None:
    try:
        text = as_text(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if len(text) <= MOST_CHARACTERS else None
