"""One-time stream tokens: signed, so that any machine takes them, and used once over all."""

from __future__ import annotations

import pytest

from agentrun.server.auth import derived_keys
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS, MOST_CHARACTERS, StreamTokens

CALL, KEY, OTHER_KEY = "CA" + "1" * 32, b"k" * 32, b"o" * 32
SIP = f"sip:{'a' * 128}@{'b' * 200}.example.com"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_token_opens_its_call_once() -> None:
    tokens = StreamTokens()
    token = tokens.mint("ncaa", "CA1", "+1555", "+1666", dial="dial-1")
    grant = await tokens.redeem(token, "ncaa", "CA1")
    assert grant is not None
    assert (grant.from_number, grant.to_number, grant.dial) == ("+1555", "+1666", "dial-1")
    assert await tokens.redeem(token, "ncaa", "CA1") is None


async def test_a_try_with_another_call_or_agent_does_not_use_a_token_up() -> None:
    tokens = StreamTokens()
    token = tokens.mint("ncaa", "CA1", "", "")
    assert await tokens.redeem(token, "ncaa", "CA2") is None
    assert await tokens.redeem(token, "desk", "CA1") is None
    assert await tokens.redeem(token, "ncaa", "CA1") is not None


async def test_a_token_of_one_machine_opens_its_call_at_another_once() -> None:
    state = SharedState()
    first, second = (StreamTokens([KEY], use=state.use) for _ in range(2))
    token = first.mint("ncaa", "CA1", "", "")
    assert second.expects(first.address_of(token), "ncaa")
    assert await second.redeem(token, "ncaa", "CA1") is not None
    assert await first.redeem(token, "ncaa", "CA1") is None


async def test_while_a_secret_is_exchanged_both_are_accepted() -> None:
    old, new = (
        {"TWILIO_AUTH_TOKEN": "old"},
        {"TWILIO_AUTH_TOKEN": "new", "TWILIO_AUTH_TOKEN_SECONDARY": "old"},
    )
    ahead = {"TWILIO_AUTH_TOKEN": "old", "TWILIO_AUTH_TOKEN_SECONDARY": "new"}
    gone = {"TWILIO_AUTH_TOKEN": "new"}

    def of(environ: dict[str, str]) -> StreamTokens:
        return StreamTokens(derived_keys.for_purpose(environ, "stream token", b""))

    for minted_by, taken_by, good in (
        (old, new, True),
        (ahead, new, True),
        (new, ahead, True),
        (new, old, False),
        (old, gone, False),
    ):
        token = of(minted_by).mint("ncaa", "CA1", "", "")
        assert (await of(taken_by).redeem(token, "ncaa", "CA1") is not None) is good
        assert of(taken_by).expects(of(minted_by).address_of(token), "ncaa") is good


def test_each_purpose_has_a_key_of_its_own() -> None:
    environ = {"AGENTRUN_API_KEY": "k"}
    keys = {derived_keys.for_purpose(environ, purpose, b"") for purpose in ("stream token", "forwarding")}
    assert len(keys) == 2
    assert derived_keys.for_purpose({}, "stream token", b"x") != derived_keys.for_purpose(
        {}, "stream token", b"y"
    )


def test_keys_are_derived_as_rfc_5869_says() -> None:
    """Test case 1 of its appendix A, as far as 32 bytes go; 3 is the one without salt."""
    secret = bytes([0x0B] * 22)
    info, salt = bytes(range(0xF0, 0xFA)), bytes(range(0x0D))
    first = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    third = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    assert derived_keys.hkdf(secret, info, salt).hex() == first
    assert derived_keys.hkdf(secret, b"").hex() == third


async def test_a_token_expires_after_a_minute() -> None:
    clock = Clock()
    tokens = StreamTokens(clock=clock)
    early, late = (tokens.mint("ncaa", call, "", "") for call in ("CA1", "CA2"))
    clock.now += LIFETIME_SECONDS - 0.1
    assert await tokens.redeem(early, "ncaa", "CA1") is not None
    clock.now += 0.2
    assert await tokens.redeem(late, "ncaa", "CA2") is None


@pytest.mark.parametrize("made_up", ["", "x", "a.b.c", "x" * 10_000, "e30.e30.", "\0", "é"])
async def test_a_made_up_token_is_refused(made_up: str) -> None:
    assert await StreamTokens().redeem(made_up, "ncaa", "CA1") is None


async def test_a_token_of_another_key_or_of_none_is_refused() -> None:
    token = StreamTokens([OTHER_KEY]).mint("ncaa", "CA1", "", "")
    head, body, _ = token.split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{body}."
    for shown in (token, f"{head}.{body}.", unsigned):
        assert await StreamTokens([KEY]).redeem(shown, "ncaa", "CA1") is None


@pytest.mark.parametrize("number", ["", "+12025550143", SIP, "\"'\\\u2028" * 50, "sha256 0123"])
async def test_the_longest_token_is_one_that_twilio_takes(number: str) -> None:
    tokens = StreamTokens()
    token = tokens.mint("a" * 63, "C" * 64, number, number, dial=f"dial-{'f' * 16}")
    assert len(token) <= MOST_CHARACTERS
    shown = {"from_number": number, "to_number": number}
    grant = await tokens.redeem(token, "a" * 63, "C" * 64, shown)
    assert grant is not None
    assert (grant.from_number, grant.to_number) == (number, number)


async def test_a_long_address_can_not_be_exchanged_on_its_way() -> None:
    tokens = StreamTokens()
    token = tokens.mint("ncaa", "CA1", SIP, "")
    assert await tokens.redeem(token, "ncaa", "CA1", {"from_number": SIP + "x"}) is None
    assert await tokens.redeem(token, "ncaa", "CA1") is None
    assert await tokens.redeem(token, "ncaa", "CA1", {"from_number": SIP}) is not None


async def test_a_stream_is_expected_where_the_signature_says_so() -> None:
    clock = Clock()
    tokens = StreamTokens([KEY], clock)
    token = tokens.mint("ncaa", "CA1", "", "")
    address = tokens.address_of(token)
    assert StreamTokens([KEY], clock).expects(address, "ncaa")
    assert token not in address
    for wrong, agent in (("", "ncaa"), (address[:-2] + "aa", "ncaa"), ("!" * 38, "ncaa"), (address, "desk")):
        assert not tokens.expects(wrong, agent)
    assert not StreamTokens([OTHER_KEY], clock).expects(address, "ncaa")
    clock.now += LIFETIME_SECONDS
    assert not tokens.expects(address, "ncaa")
