"""Reads and validates request bodies."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

MOST_BODY_BYTES = 40 * 1024 * 1024
"""Room for the longest sound file that is taken, in base64."""
BODY_SECONDS = 60.0


class RefusedError(Exception):
    """A request that makes no sense; it is answered with ``status`` and ``message``.

    ``param`` is the name of the part that is wrong, and ``code`` OpenAI's word for what is wrong with it.
    """

    def __init__(self, message: str, status: int = 400, *, param: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object in a request. Raises RefusedError when there is none."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise RefusedError("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise RefusedError("The body must be a JSON object.")
    return body
