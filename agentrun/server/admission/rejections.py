"""HTTP responses for calls that are not admitted."""

from __future__ import annotations

import math

from fastapi import HTTPException, Response

from agentrun.server.admission.admission import Kind, Refusal

_STATUS: dict[Kind, int] = {
    "stopping": 503,
    "full": 503,
    "blocked": 403,
    "closed": 503,
    "busy": 503,
    "caller": 429,
    "minute": 429,
}
"""RFC 9110 section 15.6.4 and RFC 6585 section 4; both come with Retry-After."""


def in_http(refusal: Refusal) -> HTTPException:
    """The answer to a program or a page.

    >>> in_http(Refusal("busy", "every line is taken", 30.0)).headers
    {'Retry-After': '30'}
    """
    headers = {"Retry-After": str(math.ceil(refusal.retry_after))} if refusal.retry_after else None
    return HTTPException(_STATUS[refusal.kind], refusal.message, headers)


def for_balancer(refusal: Refusal) -> Response:
    """The answer to a balancer that then asks another machine; the caller hears nothing of it.

    >>> for_balancer(Refusal("full", "this machine is full", 30.0)).status_code
    503
    """
    answer = in_http(refusal)
    return Response(f"{answer.detail}\n", answer.status_code, answer.headers, media_type="text/plain")
