"""The cookie for the link's token, among all the cookies of a host."""

from __future__ import annotations

import time

import pytest
from fastapi import HTTPException
from starlette.requests import Request

from agentrun import local_secret
from agentrun.server.auth import local_only
from agentrun.server.auth.local_access import LocalAccess

LOCAL = LocalAccess(b"x" * 32, 7860, lambda: True)
OURS = LOCAL.cookie().partition(";")[0]
OTHERS = [
    'prefs={"theme": "dark"}', "name=a b", "foo", "café=1", "a=ü", "=x", "", "a[b]=c", 'q="; ', "x=\x01",
    "agentrun_local_7860=", "agentrun_local_7860=1.forged", "agentrun_local_7861=x", "$Version=1",
]  # fmt: skip


def request(*cookies: str, path: str = "/", query: str = "") -> Request:
    headers = [(b"host", b"127.0.0.1:7860"), (b"accept", b"text/html")]
    return Request(
        {
            "type": "http", "scheme": "http", "method": "GET", "path": path, "query_string": query.encode(),
            "server": ("127.0.0.1", 7860), "client": ("127.0.0.1", 5000),
            "headers": [*headers, *((b"cookie", one.encode()) for one in cookies)],
        }
    )  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_no_cookie_of_another_program_hides_ours(other: str) -> None:
    assert LOCAL.is_shown(request(f"{other}; {OURS}"))
    assert LOCAL.is_shown(request(f"{OURS}; {other}"))
    assert LOCAL.is_shown(request(f"{OURS};{other}; {other}"))
    assert LOCAL.is_shown(request(other, OURS)), "in a header of its own"
    assert not LOCAL.is_shown(request(other))


@pytest.mark.parametrize(
    "value",
    ["", "1", "1.x", "9" * 40, "٣.x", OURS.partition("=")[2][:-1]],
    ids=["empty", "a number", "unsigned", "long", "other digits", "cut"],
)
def test_what_is_no_cookie_of_ours_opens_nothing(value: str) -> None:
    assert not LOCAL.is_shown(request(f"agentrun_local_7860={value}"))


def test_a_cookie_is_over_after_its_week(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 24 * 3600)
    assert not LOCAL.is_shown(request(OURS))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "/"), ("/dashboard", "/dashboard"), ("/日本/ü", "/%E6%97%A5%E6%9C%AC/%C3%BC"),
        ("//evil.example", "/evil.example"), ("/\\evil.example", "/evil.example"), ("/a\r\nb", "/a%0D%0Ab"),
        ("/100%", "/100%25"), ("/a?b#c", "/a%3Fb%23c"),
    ],
)  # fmt: skip
def test_a_link_leads_to_the_same_path_without_its_token(path: str, place: str) -> None:
    token = local_secret.token(b"x" * 32, 7860)
    with pytest.raises(HTTPException) as sent:
        local_only.require(LOCAL)(request(path=path, query=f"token={token}"))
    assert sent.value.status_code == 303
    assert (sent.value.headers or {})["Location"] == place
    place.encode("latin-1")
