"""Tokens are read and signed as PyJWT does it, and what nobody with a key has signed says nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from agentrun.server.auth import signed_claims

KEY, OTHER_KEY = bytes(range(64)), b"o" * 64
CLAIMS: dict[str, Any] = {"aud": "call", "sub": "CA1", "exp": 1_800_000_000.25, "to": "Zoë \u2028\ud83d"}
HEADER = {"alg": "HS256"}


def part(content: object) -> bytes:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def of_parts(*parts: object, key: bytes = KEY) -> str:
    """A token of ``parts`` whose signature is good."""
    signed = b".".join(map(part, parts))
    return f"{signed.decode()}.{signature(signed, key)}"


def signature(signed: bytes, key: bytes) -> str:
    algorithm = jwt.PyJWS().get_algorithm_by_name("HS256")
    return base64.urlsafe_b64encode(algorithm.sign(signed, key)).rstrip(b"=").decode()


def read(token: str, *keys: bytes, audience: str = "call") -> dict[str, Any] | None:
    return signed_claims.read(token, keys or (KEY,), audience, ("sub", "exp"))


def test_what_is_signed_here_is_read_by_other_libraries_and_the_reverse() -> None:
    ours = signed_claims.sign(CLAIMS, KEY)
    assert jwt.decode(ours, KEY, ["HS256"], audience="call") == CLAIMS
    for headers in (None, {"typ": None}, {"kid": "1"}):
        assert read(jwt.encode(CLAIMS, KEY, "HS256", headers=headers), OTHER_KEY, KEY) == CLAIMS
    assert read(of_parts(HEADER, CLAIMS | {"aud": ["other", "call"]})) is not None


WRONG = {
    "another key": signed_claims.sign(CLAIMS, OTHER_KEY),
    "another algorithm": jwt.encode(CLAIMS, KEY, "HS512"),
    "no algorithm": of_parts({}, CLAIMS),
    "an algorithm that is named wrongly": of_parts({"alg": "none"}, CLAIMS),
    "a demand that is not known": of_parts(HEADER | {"crit": ["exp"]}, CLAIMS),
    "a header that is a list": of_parts([HEADER], CLAIMS),
    "a header that is no JSON": of_parts(b"\xff", CLAIMS),
    "claims that are a list": of_parts(HEADER, [CLAIMS]),
    "claims that are no JSON": of_parts(HEADER, b"{"),
    "claims that are deep": of_parts(HEADER, b"[" * 100_000),
    "a part too many": of_parts(HEADER, CLAIMS, CLAIMS),
    "a part too few": of_parts(CLAIMS),
    "another audience": of_parts(HEADER, CLAIMS | {"aud": "stream"}),
    "audiences without it": of_parts(HEADER, CLAIMS | {"aud": ["stream", ["call"]]}),
    "an audience that holds it": of_parts(HEADER, CLAIMS | {"aud": "call and more"}),
    "no audience": of_parts(HEADER, {name: CLAIMS[name] for name in ("sub", "exp")}),
    "a claim that is missing": of_parts(HEADER, {name: CLAIMS[name] for name in ("aud", "exp")}),
    "a claim that is null": of_parts(HEADER, CLAIMS | {"exp": None}),
    "a subject that is a number": of_parts(HEADER, CLAIMS | {"sub": 1}),
    "a name that is a number": of_parts(HEADER, CLAIMS | {"jti": 1}),
    "a time before which it is not good": of_parts(HEADER, CLAIMS | {"nbf": 4_000_000_000}),
    "a signature with its padding": signed_claims.sign(CLAIMS, KEY) + "=",
    "a signature cut": signed_claims.sign(CLAIMS, KEY)[:-1],
    "no signature": signed_claims.sign(CLAIMS, KEY).rpartition(".")[0] + ".",
    "letters of no alphabet": signed_claims.sign(CLAIMS, KEY)[:-1] + "é",
    "half a letter": signed_claims.sign(CLAIMS, KEY)[:-1] + "\ud83d",
    "nothing": "",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_token_that_is_not_whole_says_nothing(case: str) -> None:
    assert read(WRONG[case]) is None


def test_a_token_whose_every_letter_is_another_says_nothing() -> None:
    token = signed_claims.sign(CLAIMS, KEY)
    assert read(token) == CLAIMS
    for place, letter in enumerate(token):
        changed = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        assert read(changed) is None, place
