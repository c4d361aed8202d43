"""What strangers hold open takes no place from a call that is expected."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from agentrun.server.twilio import handshake_limits
from agentrun.server.twilio.handshake_limits import HandshakeLimits, TooManyHandshakesError
from agentrun.server.twilio.stream_tokens import StreamTokens
from tests.server.twilio.as_twilio import SECRET, code_of, dial, post, serving, sign, start, stream_of


def fill(held: contextlib.ExitStack, waiting: HandshakeLimits, number: int, *addresses: str) -> int:
    """How many of so many streams from each address get a place."""
    given = 0
    for address in addresses:
        for _ in range(number):
            with contextlib.suppress(TooManyHandshakesError):
                held.enter_context(waiting.one(address, expected=False))
                given += 1
    return given


def test_one_address_holds_so_many_and_others_have_theirs() -> None:
    waiting = HandshakeLimits()
    with contextlib.ExitStack() as held:
        assert fill(held, waiting, 200, "203.0.113.7") == handshake_limits.MOST_FROM_ONE_ADDRESS
        assert fill(held, waiting, 10, "203.0.113.8") == 10
    with contextlib.ExitStack() as held:
        assert fill(held, waiting, 10, "203.0.113.7") == 10, "they are free again"
        assert waiting._strangers.total() == 10
    assert not waiting._strangers


def test_all_strangers_together_leave_the_expected_their_places() -> None:
    waiting = HandshakeLimits()
    with contextlib.ExitStack() as held:
        everybody = [f"203.0.113.{number}" for number in range(50)]
        assert fill(held, waiting, 20, *everybody) == handshake_limits.MOST_HANDSHAKES
        for _ in range(handshake_limits.RESERVED):
            assert held.enter_context(waiting.one("203.0.113.1", expected=True)) == 5.0
        with pytest.raises(TooManyHandshakesError), waiting.one("203.0.113.1", expected=True):
            pass


def test_strangers_are_waited_for_less_where_many_wait() -> None:
    waiting = HandshakeLimits()
    with contextlib.ExitStack() as held:
        assert held.enter_context(waiting.one("a", expected=False)) == 5.0
        fill(held, waiting, 25, *"bcdef")
        assert held.enter_context(waiting.one("g", expected=False)) == 1.0


def test_an_address_is_known_while_its_token_is_good() -> None:
    now = [0.0]
    tokens = StreamTokens(clock=lambda: now[0])
    token = tokens.mint("desk", "CA1", "", "")
    address = tokens.address_of(token)
    assert tokens.expects(address, "desk")
    assert not tokens.expects(address, "other")
    assert not tokens.expects("", "desk")
    assert not tokens.expects(address[:5], "desk")
    assert not tokens.expects(token, "desk")
    now[0] = 61.0
    assert not tokens.expects(address, "desk")


async def test_a_call_is_put_through_while_one_address_holds_every_socket(tmp_path: Path) -> None:
    async with serving(tmp_path, secret=SECRET) as server:
        url = f"{server.url}/desk/twilio/voice"
        sockets = await asyncio.gather(*(dial(server) for _ in range(250)), return_exceptions=True)
        held = [socket for socket in sockets if isinstance(socket, ClientConnection)]
        assert len(held) <= handshake_limits.MOST_FROM_ONE_ADDRESS
        address, parameters = stream_of(await post(url, sign(url)))
        async with connect(address, proxy=None) as expected:
            await expected.send(start(parameters["token"]))
            assert isinstance(await asyncio.wait_for(expected.recv(), 10), str)
        with pytest.raises(InvalidStatus):
            async with connect(f"{address[:-3]}xyz", proxy=None):
                pass
        for socket in held:
            await socket.close()


async def test_a_stream_of_a_call_that_was_answered_is_refused(tmp_path: Path) -> None:
    """A webhook that came twice before its stream has two tokens; one of them opens a stream."""
    async with serving(tmp_path, secret=SECRET) as server:
        url = f"{server.url}/desk/twilio/voice"
        given = [stream_of(await post(url, sign(url))) for _ in range(2)]
        async with connect(given[0][0], proxy=None) as first:
            await first.send(start(given[0][1]["token"]))
            assert isinstance(await asyncio.wait_for(first.recv(), 10), str)
            async with connect(given[1][0], proxy=None) as second:
                await second.send(start(given[1][1]["token"]))
                assert await code_of(second) == 1008
        assert (await post(url, sign(url))).status_code == 409
