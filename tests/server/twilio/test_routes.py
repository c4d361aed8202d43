"""Twilio's webhook and its stream, as Twilio and as strangers use them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from agentrun.errors import SetupError
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.server.twilio import handshake_limits, stream_tokens
from tests.calls.desk import HELLO, OPEN, QUESTION, listen, open_desk
from tests.server.twilio.as_twilio import (
    FORM,
    JUNK,
    OTHER_CALL,
    PUBLIC,
    SECRET,
    SPEC,
    a_token,
    assert_nothing_was_built,
    assert_refused,
    code_of,
    dial,
    post,
    serving,
    sign,
    start,
    stream_of,
)


async def test_a_signed_webhook_is_connected_to_the_stream_with_a_token(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = f"{server.url}/desk/twilio/voice"
        address, parameters = stream_of(await post(url, sign(url)))
        assert address.startswith(f"{server.url.replace('http', 'ws', 1)}/desk/twilio/stream/")
        assert len(parameters["token"]) >= 40
        assert parameters["from_number"] == FORM["From"]


async def test_a_webhook_with_a_wrong_or_no_signature_or_for_another_url_is_forbidden(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = f"{server.url}/desk/twilio/voice"
        other = "https://evil.example.com/desk/twilio/voice"
        for signature in (None, "", "junk", sign(url, "other"), sign(other)):
            assert (await post(url, signature)).status_code == 403, signature
        rewritten = "http://evil.example.com/desk/twilio/voice"
        assert (await post(url, sign(rewritten), host="evil.example.com")).status_code == 403
        assert (await post(url, sign(f"{url}?a=b"))).status_code == 403


async def test_with_a_public_url_its_signature_is_accepted_and_the_stream_is_there(tmp_path: Path) -> None:
    async with serving(tmp_path, public_url=PUBLIC) as server:
        url = f"{server.url}/desk/twilio/voice"
        signed = sign(f"{PUBLIC}/desk/twilio/voice")
        for headers in ({}, {"host": "voice.example.com"}, {"host": "[::1"}):
            address, _ = stream_of(await post(url, signed, **headers))
            assert address.startswith("wss://voice.example.com/desk/twilio/stream/")


async def test_without_an_auth_token_calls_are_refused_and_the_variable_is_named(tmp_path: Path) -> None:
    async with serving(tmp_path, secret=None) as server:
        answer = await post(f"{server.url}/desk/twilio/voice", None)
        assert answer.status_code == 403
        assert "TWILIO_AUTH_TOKEN" in answer.text
        with pytest.raises(InvalidStatus, match="403"):
            await dial(server)
        assert_nothing_was_built(server)


async def test_an_unknown_agent_is_not_found(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        url = f"{server.url}/nobody/twilio/voice"
        assert (await post(url, sign(url))).status_code == 404
        with pytest.raises(InvalidStatus, match="403"):
            await dial(server, "nobody")


@pytest.mark.parametrize("insecure", [False, True])
async def test_a_host_that_strangers_reach_needs_an_auth_token(tmp_path: Path, insecure: bool) -> None:
    options = Options("0.0.0.0", insecure=insecure)  # noqa: S104 - that it is refused is the test
    (tmp_path / "desk.yaml").write_text(SPEC.format(name="desk"))
    with pytest.raises(SetupError, match="insecure" if insecure else "TWILIO_AUTH_TOKEN"):
        async with running_server([tmp_path / "desk.yaml"], {}, options):
            pytest.fail("it started")


async def test_a_stream_without_the_token_of_its_call_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, "desk", "other") as server:
        await assert_refused(server, start(None))
        await assert_refused(server, start("wrong"))
        await assert_refused(server, start(await a_token(server), OTHER_CALL))
        await assert_refused(server, start(await a_token(server), "CÄ"))
        await assert_refused(server, start(await a_token(server, "other")))
        shown = await a_token(server)
        await assert_refused(server, start(shown, OTHER_CALL))
        async with dial(server) as socket:
            await socket.send(start(shown))
            assert isinstance(await asyncio.wait_for(socket.recv(), 10), str), (
                "a stranger's try uses nothing up"
            )
        async with dial(server) as socket:
            await socket.send(start(shown))
            assert await code_of(socket) == 1008, "its call does"


async def test_an_expired_token_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_tokens, "LIFETIME_SECONDS", 0.0)
    async with serving(tmp_path) as server:
        await assert_refused(server, start(await a_token(server)))


async def test_what_does_not_begin_as_twilio_does_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for message in JUNK:
            await assert_refused(server, message)
            await assert_refused(server, '{"event": "connected"}', message)
        await assert_refused(server, "x" * 200_000, code=1009)


@pytest.mark.parametrize(("times", "live"), [(0, 1), (1, 1), (3, 1), (4, 0)])
async def test_a_stream_may_say_more_than_once_that_it_is_connected(
    tmp_path: Path, times: int, live: int
) -> None:
    async with serving(tmp_path) as server, dial(server) as socket:
        for message in (*['{"event": "connected"}'] * times, start(await a_token(server))):
            await socket.send(message)
        await asyncio.sleep(1.0)
        assert server.switchboard.live == live


async def test_silence_and_an_immediate_goodbye_build_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake_limits, "HANDSHAKE_SECONDS", 0.2)
    async with serving(tmp_path) as server:
        await assert_refused(server)
        await assert_refused(server, '{"event": "connected"}')
        async with dial(server):
            pass
        assert_nothing_was_built(server)


async def test_sockets_that_never_speak_are_bounded_and_a_call_is_answered_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake_limits, "HANDSHAKE_SECONDS", 2.0)
    monkeypatch.setattr(handshake_limits, "MOST_HANDSHAKES", 20)
    async with open_desk(tmp_path, [HELLO], insecure=False, environ={"TWILIO_AUTH_TOKEN": SECRET}) as desk:
        sockets = await asyncio.gather(*(dial(desk.server) for _ in range(300)), return_exceptions=True)
        held = [socket for socket in sockets if isinstance(socket, ClientConnection)]
        refused = [error for error in sockets if isinstance(error, InvalidStatus)]
        assert (len(held), len(refused)) == (20, 280)
        assert [await code_of(socket) for socket in held] == [1008] * 20
        assert desk.server.switchboard.live == 0
        async with desk.caller.call(desk.url) as call:
            assert (await call.hear_greeting()).seconds > 0.3


MIDDLE = (
    *("hello", "[]", "{}", '{"event": []}', "[" * 60_000, '{"event": "media", "media": "loud"}'),
    *('{"event": "media", "media": {}}', '{"event": "media", "media": {"payload": "?"}}'),
)


async def test_junk_in_the_middle_of_a_stream_does_not_end_the_call(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN]) as desk, desk.caller.call(desk.url) as call:
        await call.hear_greeting()
        for message in MIDDLE:
            call._line.send(message)
        await call.say(QUESTION)
        assert await listen(call)
        assert desk.record(call).ended is None
