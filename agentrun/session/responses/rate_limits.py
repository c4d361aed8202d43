"""How long to wait after a realtime model's rate limit error, which has no headers that say so."""

from __future__ import annotations

import re

from agentrun.pipeline.services.connections.http_retries import LONGEST_SECONDS

USUAL_SECONDS = 1.0
_LIMITED = re.compile(r"rate_limit_exceeded|too_many_requests")
_HINT = re.compile(r"try again in (\d{1,6}(?:\.\d{1,6})?) ?(ms|s)\b", re.IGNORECASE)
"""OpenAI's words; see https://platform.openai.com/docs/guides/rate-limits"""


def wait(reason: str) -> float:
    """The seconds to wait before asking again; none where the rate is not the ``reason``.

    >>> wait("failed (rate_limit_exceeded): Please try again in 250ms."), wait("failed (server_error)")
    (0.25, 0.0)
    >>> wait("failed (rate_limit_exceeded): Please try again in 20s.")
    2.0
    """
    if not _LIMITED.search(reason):
        return 0.0
    hint = _HINT.search(reason)
    seconds = USUAL_SECONDS if hint is None else float(hint[1]) / (1000 if hint[2].lower() == "ms" else 1)
    return min(seconds, LONGEST_SECONDS)
