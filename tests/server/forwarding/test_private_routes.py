"""A private address answers the other processes of the server, each request once, and nobody else."""

from __future__ import annotations

from pathlib import Path

import httpx

from agentrun.server.forwarding.request_tokens import LEEWAY_SECONDS, LIFETIME_SECONDS, RequestTokens
from tests.server.forwarding.sides import pair

KEYS = (b"s" * 32,)
OLD, NEW = b"o" * 32, b"n" * 32


async def test_nobody_is_answered_who_shows_no_token_for_this_very_request(tmp_path: Path) -> None:
    async with pair(tmp_path) as (one, other):
        raw = b'{"name": "desk", "body": {}, "credential": ""}'
        good = other.forwarding.tokens.make("1-a", "browser-offer", raw)
        shown = {
            "none": ("browser-offer", raw, ""),
            "no token": ("browser-offer", raw, "Bearer x.y.z"),
            "for another process": (
                "browser-offer",
                raw,
                "Bearer " + other.forwarding.tokens.make("2-b", "browser-offer", raw),
            ),
            "for something else": ("browser-candidates", raw, f"Bearer {good}"),
            "with another body": ("browser-offer", raw + b" ", f"Bearer {good}"),
            "of no kind": (
                "nothing",
                raw,
                "Bearer " + other.forwarding.tokens.make("1-a", "nothing", raw),
            ),
        }
        async with httpx.AsyncClient(base_url=one.address, trust_env=False) as client:
            for why, (what, body, header) in shown.items():
                answer = await client.post(
                    f"/forwarded/{what}", content=body, headers={"Authorization": header}
                )
                assert answer.status_code == 421, why
            headers = {"Authorization": f"Bearer {good}"}
            first = await client.post("/forwarded/browser-offer", content=raw, headers=headers)
            assert first.status_code == 410
            replayed = await client.post("/forwarded/browser-offer", content=raw, headers=headers)
            assert replayed.status_code == 421
            long = await client.post("/forwarded/browser-offer", content=b"x" * 300_000, headers=headers)
            assert long.status_code == 413
            for path in ("/", "/metrics", "/forwarded/", "/desk/browser/offer", "/docs"):
                assert (await client.get(path)).status_code in (404, 405)


def test_a_token_holds_while_two_clocks_are_apart_and_no_longer() -> None:
    clocks = {"a": 1000.0, "b": 1000.0}
    asker = RequestTokens("a", KEYS, lambda: clocks["a"])
    owner = RequestTokens("b", KEYS, lambda: clocks["b"])
    for apart in (-LEEWAY_SECONDS + 0.1, 0.0, LIFETIME_SECONDS + LEEWAY_SECONDS - 0.1):
        clocks["b"] = 1000.0 + apart
        assert owner.is_good(asker.make("b", "x", b""), "x", b"")
    for apart in (-LEEWAY_SECONDS - 0.1, LIFETIME_SECONDS + LEEWAY_SECONDS + 0.1):
        clocks["b"] = 1000.0 + apart
        assert not owner.is_good(asker.make("b", "x", b""), "x", b"")


def test_the_former_secret_is_taken_while_it_is_exchanged() -> None:
    asker = RequestTokens("a", (OLD,), lambda: 0.0)
    owner = RequestTokens("b", (NEW, OLD), lambda: 0.0)
    assert owner.is_good(asker.make("b", "x", b"{}"), "x", b"{}")
    assert not RequestTokens("b", (NEW,), lambda: 0.0).is_good(asker.make("b", "x", b"{}"), "x", b"{}")
