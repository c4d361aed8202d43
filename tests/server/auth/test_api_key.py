"""Who may start work that costs money."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fastapi import HTTPException, Request

from agentrun.errors import SetupError
from agentrun.server.auth import api_key
from agentrun.server.auth.call_access import Access
from agentrun.server.lifecycle.settings import ServerSettings

KEY = {"AGENTRUN_API_KEY": "s3cret-ü"}


def ask(
    environ: Mapping[str, str],
    headers: Mapping[str, str | bytes],
    host: str = "127.0.0.1",
    client: str = "127.0.0.1",
) -> HTTPException | None:
    """What a request meets, or None when it is let in."""
    given = {"host": "localhost:7860", **{key.lower(): value for key, value in headers.items()}}
    scope = {
        "type": "http",
        "scheme": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "server": ("127.0.0.1", 7860),
        "client": (client, 5000),
        "headers": [
            (key.encode(), value if isinstance(value, bytes) else value.encode())
            for key, value in given.items()
        ],
    }
    try:
        api_key.require(ServerSettings(host, Access.CLOSED, environ))(Request(scope))
    except HTTPException as refused:
        return refused
    return None


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_the_right_key_opens_from_anywhere(host: str) -> None:
    key = {"AGENTRUN_API_KEY": "s3cret"}
    for scheme in ("Bearer", "bearer"):
        assert ask(key, {"Authorization": f"{scheme} s3cret"}, host, "203.0.113.9") is None


@pytest.mark.parametrize("key", ["schlüssel", "ключ-日本"])
def test_a_key_may_have_any_letters(key: str) -> None:
    environ = {"AGENTRUN_API_KEY": key}
    assert ask(environ, {"Authorization": f"Bearer {key}"}) is None
    for wrong in (key[:-1], key + "x", "ключ", "-", "schlssel", ""):
        refused = ask(environ, {"Authorization": f"Bearer {wrong}"}, client="203.0.113.9")
        assert refused is not None
        assert refused.status_code == 401


def test_a_key_that_is_sent_in_latin_1_is_the_same() -> None:
    environ = {"AGENTRUN_API_KEY": "schlüssel"}
    assert ask(environ, {"Authorization": b"Bearer " + "schlüssel".encode("latin-1")}) is None


@pytest.mark.parametrize("name", ["AGENTRUN_API_KEY", "AGENTRUN_API_KEY_SECONDARY"])
@pytest.mark.parametrize("key", ["s3cret\n", " s3cret", "s3\rcret", "s3\0cret"])
def test_a_key_that_no_header_can_carry_is_refused_at_the_start(name: str, key: str) -> None:
    with pytest.raises(SetupError, match=name) as refused:
        api_key.require_sendable({name: key})
    assert "s3" not in str(refused.value)
    api_key.require_sendable({name: "s3cret ü"})
    api_key.require_sendable({})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "s3cret"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer s3cre"},
        {"Authorization": "Bearer s3crett"},
        {"Authorization": "Basic s3cret"},
        {"Authorization": "Bearer ü"},
    ],
)
def test_anything_else_is_refused_with_what_to_do(headers: dict[str, str]) -> None:
    refused = ask(KEY, headers)
    assert refused is not None
    assert (refused.status_code, refused.headers) == (401, {"WWW-Authenticate": "Bearer"})
    assert "AGENTRUN_API_KEY" in refused.detail
    assert "s3cret" not in refused.detail


def test_without_a_key_a_program_on_this_machine_is_let_in() -> None:
    assert ask({}, {}) is None
    assert ask({"AGENTRUN_API_KEY": ""}, {}) is None


@pytest.mark.parametrize(
    ("headers", "host", "client"),
    [
        ({}, "0.0.0.0", "127.0.0.1"),  # noqa: S104
        ({}, "127.0.0.1", "203.0.113.9"),
        ({"Host": "voice.example.com"}, "127.0.0.1", "127.0.0.1"),
        ({"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1", "127.0.0.1"),
        ({"Origin": "https://evil.example.com"}, "127.0.0.1", "127.0.0.1"),
    ],
)
def test_without_a_key_strangers_are_refused_and_the_variable_is_named(
    headers: dict[str, str], host: str, client: str
) -> None:
    refused = ask({}, headers, host, client)
    assert refused is not None
    assert (refused.status_code, "AGENTRUN_API_KEY" in refused.detail) == (403, True)
