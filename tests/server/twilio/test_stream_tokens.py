"""One-time stream tokens."""

from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS, MOST_OPEN, StreamTokens


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_opens_its_call_once() -> None:
    tokens = StreamTokens()
    token = tokens.mint("ncaa", "CA1", "+1555", "+1666")
    ticket = tokens.redeem(token, "ncaa", "CA1")
    assert ticket is not None
    assert (ticket.from_number, ticket.to_number) == ("+1555", "+1666")
    assert tokens.redeem(token, "ncaa", "CA1") is None


def test_a_token_is_refused_for_another_call_and_is_used_up_by_it() -> None:
    tokens = StreamTokens()
    token = tokens.mint("ncaa", "CA1", "", "")
    assert tokens.redeem(token, "ncaa", "CA2") is None
    assert tokens.redeem(token, "ncaa", "CA1") is None


def test_a_token_is_refused_for_another_agent() -> None:
    tokens = StreamTokens()
    assert tokens.redeem(tokens.mint("ncaa", "CA1", "", ""), "desk", "CA1") is None


def test_a_token_expires_after_a_minute() -> None:
    clock = Clock()
    tokens = StreamTokens(clock)
    early, late = (tokens.mint("ncaa", call, "", "") for call in ("CA1", "CA2"))
    clock.now += LIFETIME_SECONDS - 0.1
    assert tokens.redeem(early, "ncaa", "CA1") is not None
    clock.now += 0.1
    assert tokens.redeem(late, "ncaa", "CA2") is None


def test_a_made_up_token_is_refused() -> None:
    assert StreamTokens().redeem("", "ncaa", "CA1") is None


def test_a_flood_of_webhooks_does_not_fill_the_memory() -> None:
    tokens = StreamTokens()
    first = tokens.mint("ncaa", "CA0", "", "")
    for number in range(MOST_OPEN):
        tokens.mint("ncaa", f"CA{number}", "", "")
    assert tokens.redeem(first, "ncaa", "CA0") is None
    assert len(tokens._tickets) <= MOST_OPEN
