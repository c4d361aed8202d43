"""A refused request is retried only where the wait is one that a caller can wait."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from email.utils import formatdate

import httpx
import pytest

from agentrun.pipeline.services.connections import http_retries

NO_RETRY = "x-should-retry"


async def hooked(
    status: int, headers: dict[str, str] | None = None, body: object = None, *, streamed: bool = False
) -> httpx.Response:
    """The answer of a server, after the hook has seen it."""

    async def pieces() -> AsyncIterator[bytes]:
        yield json.dumps(body).encode()

    def answer(_request: httpx.Request) -> httpx.Response:
        given = {"content-type": "application/json", **(headers or {})}
        content = pieces() if streamed else json.dumps(body).encode()
        return httpx.Response(status, headers=given, content=content)

    hooks = {"response": [http_retries.bound_retries]}
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), event_hooks=hooks) as client:
        return await client.post("http://provider/v1", json={})


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize(
    ("headers", "retried"),
    [
        ({}, True),
        ({"retry-after": "1"}, True),
        ({"retry-after": "2"}, True),
        ({"retry-after": "20"}, False),
        ({"retry-after-ms": "250"}, True),
        ({"retry-after-ms": "2500"}, False),
        ({"retry-after-ms": "250", "retry-after": "20"}, True),
        ({"retry-after": "soon"}, True),
        ({"retry-after": "-5"}, True),
        ({"retry-after": "inf"}, True),
        ({"retry-after": "1e400"}, True),
        ({"retry-after": "nan"}, True),
        ({"retry-after-ms": "-1", "retry-after": "20"}, False),
        ({"retry-after-ms": "soon", "retry-after": "1"}, True),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, False),
        ({"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}, True),
        ({"retry-after": "Sunday, 06-Nov-94 08:49:37 GMT"}, True),
        ({"retry-after": "Mon, 30 Feb 2026 12:00:00 GMT"}, True),
        ({"retry-after": "20, 30"}, True),
        ({"retry-after": ""}, True),
    ],
)
async def test_only_a_short_wait_is_waited(status: int, headers: dict[str, str], retried: bool) -> None:
    answer = await hooked(status, headers, {"error": {"code": "rate_limit_exceeded"}})
    assert answer.headers.get(NO_RETRY) == (None if retried else "false")


async def test_a_date_is_a_wait_too() -> None:
    answer = await hooked(429, {"retry-after": formatdate(time.time() + 60, usegmt=True)}, {})
    assert answer.headers[NO_RETRY] == "false"
    bare = await hooked(429, {"retry-after": formatdate(time.time() + 60)[:-6]}, {})
    assert bare.headers[NO_RETRY] == "false"
    passed = await hooked(429, {"retry-after": formatdate(time.time() - 60, usegmt=True)}, {})
    assert NO_RETRY not in passed.headers


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422])
async def test_other_answers_are_left_as_they_are(status: int) -> None:
    answer = await hooked(status, {"retry-after": "20"}, {"error": {"code": "insufficient_quota"}})
    assert NO_RETRY not in answer.headers


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached", "quota_exceeded"])
@pytest.mark.parametrize("key", ["code", "type"])
async def test_a_quota_that_is_used_up_is_not_waited_for(code: str, key: str) -> None:
    answer = await hooked(429, {}, {"error": {key: code}})
    assert answer.headers[NO_RETRY] == "false"
    assert answer.json() == {"error": {key: code}}


@pytest.mark.parametrize("body", [None, [], "no", {"error": "no"}, {"error": {"code": 7}}, {"error": None}])
async def test_a_body_of_another_shape_is_a_rate_that_is_too_high(body: object) -> None:
    assert NO_RETRY not in (await hooked(429, {}, body)).headers


async def test_a_long_body_is_not_read_for_it() -> None:
    body = {"error": {"code": "insufficient_quota"}, "more": "x" * 100_000}
    assert NO_RETRY not in (await hooked(429, {}, body)).headers
