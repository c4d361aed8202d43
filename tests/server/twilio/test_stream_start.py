"""How a stream may begin: what comes too early of one that is expected, and how long its start may be."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from agentrun.server.lifecycle.startup import RunningServer
from agentrun.server.twilio.outbound import stream_parameters
from tests.log_lines import log_lines
from tests.server.twilio.as_twilio import (
    assert_nothing_was_built,
    code_of,
    post,
    serving,
    sign,
    start,
    stream_of,
)

EARLY = (
    *('{"event": "connected"}', '{"event": "dtmf", "dtmf": {"digit": "1"}}', '{"event": "mark"}'),
    '{"event": "media", "streamSid": "MZ1", "media": {"payload": "/////w=="}}',
)


async def announced(server: RunningServer) -> tuple[str, str]:
    """The address and the token of the stream of a call that has a place."""
    url = f"{server.url}/desk/twilio/voice"
    address, parameters = stream_of(await post(url, sign(url)))
    return address, parameters["token"]


@pytest.mark.parametrize("times", [1, 60])
async def test_what_comes_before_the_start_of_a_stream_that_is_expected_is_passed_over(
    tmp_path: Path, times: int
) -> None:
    async with serving(tmp_path) as server:
        address, token = await announced(server)
        async with connect(address, proxy=None) as socket:
            for message in (*EARLY * times, start(token)):
                await socket.send(message)
            assert isinstance(await asyncio.wait_for(socket.recv(), 10), str)
            assert server.switchboard.live == 1


async def test_an_expected_stream_has_no_more_before_its_start_than_five_seconds_of_sound(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        address, _ = await announced(server)
        with log_lines("WARNING") as lines:
            async with connect(address, proxy=None) as socket:
                for _ in range(251):
                    await socket.send(EARLY[-1])
                assert await code_of(socket) == 1008
        assert_nothing_was_built(server)
        began = "desk: a stream did not begin as Twilio's do: "
        assert lines == [f"{began}no start is among its first 251 messages"]


async def test_a_stream_brings_the_longest_parameters_that_a_placed_call_may_have(tmp_path: Path) -> None:
    own = {f"p{number:02}": "\N{TELEPHONE RECEIVER}" * 496 for number in range(stream_parameters.MOST)}
    assert stream_parameters.wrong(own) == ""
    async with serving(tmp_path) as server:
        address, token = await announced(server)
        message = json.loads(start(token))
        message["start"]["customParameters"] |= own
        async with connect(address, proxy=None) as socket:
            await socket.send(json.dumps(message))
            assert isinstance(await asyncio.wait_for(socket.recv(), 10), str)
            assert [dict(session.call.parameters) for session in server.switchboard._live.values()] == [own]
