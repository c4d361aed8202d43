"""From the session arguments of Pipecat Cloud's own package to connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import WebSocket, WebSocketDisconnect
from pipecat.transports.daily.transport import DailyParams, DailyTransport
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecatcloud.agent import (
    DailySessionArguments,
    MOQSessionArguments,
    PipecatSessionArguments,
    SmallWebRTCSessionArguments,
    WebSocketSessionArguments,
)

from agentrun import plugins, spec
from agentrun.errors import SetupError
from agentrun.host import connections
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.testing import virtual_time

ROOM = "https://example.daily.co/desk"
DIALIN = {
    "call_id": "c-1", "call_domain": "d-1", "From": "+12025550143", "To": "+12025550199",
    "sip_headers": {"X-Order": "7"},
}  # fmt: skip
START = {
    "event": "start",
    "start": {
        "streamSid": "MZ1", "callSid": "CA1",
        "customParameters": {
            "_pipecatCloudServiceHost": "desk.three-words", "from_number": "+1202", "to": "+1203",
            "order": "7",
        },
    },
}  # fmt: skip


def started(name: str, value: object) -> str:
    """The start message of a stream with another value for ``name``."""
    start: Any = START["start"]
    return json.dumps({**START, "start": {**start, name: value}})


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    path = tmp_path / "desk.yaml"
    path.write_text("name: desk\ntransport: [twilio, daily, local]\nprompts: Be brief.\n")
    file = spec.load(path)
    return planning.make(file, plugins.load(file), {"OPENAI_API_KEY": "k"})


class Socket:
    """A WebSocket that has these messages to read."""

    def __init__(self, messages: Sequence[str] = (), *, then_silent: bool = False) -> None:
        self._messages = list(messages)
        self._silent = then_silent
        self.closed: int | None = None

    async def receive_text(self) -> str:
        if self._messages:
            return self._messages.pop(0)
        if self._silent:
            await asyncio.Event().wait()
        raise WebSocketDisconnect(1006)

    async def close(self, code: int) -> None:
        self.closed = code


def on_socket(socket: Socket, body: Mapping[str, Any] | None = None) -> WebSocketSessionArguments:
    return WebSocketSessionArguments(session_id="s-1", websocket=cast(WebSocket, socket), body=body)


async def test_a_room_is_joined_with_the_body_of_its_session(plan: Plan) -> None:
    given = DailySessionArguments(session_id="s-1", room_url=ROOM, token="t", body={"order": 7})
    found = await connections.connect(given, plan)
    assert found is not None
    assert isinstance(found.transport, DailyTransport)
    assert (found.call.id, found.call.transport, found.call.parameters) == ("s-1", "daily", {"order": "7"})
    assert found.rtvi


async def test_a_telephone_call_over_daily_knows_who_calls(plan: Plan) -> None:
    body = {"dialin_settings": DIALIN, "daily_api_key": "key", "daily_api_url": "https://api.example.com"}
    given = DailySessionArguments(session_id="s-1", room_url=ROOM, token="t", body=body)
    found = await connections.connect(given, plan)
    assert found is not None
    call = found.call
    assert (call.id, call.from_number, call.to_number) == ("c-1", "+12025550143", "+12025550199")
    assert call.parameters == {"X-Order": "7"}, "the key of Daily's API is no parameter"
    assert not found.rtvi


async def test_a_telephone_call_takes_the_key_of_the_secrets_and_dailys_own_names(plan: Plan) -> None:
    settings = {"callId": "c-2", "callDomain": "d-2"}
    given = DailySessionArguments(session_id="s", room_url=ROOM, body={"dialin_settings": settings})
    with pytest.raises(SetupError, match="DAILY_API_KEY is not set"):
        await connections.connect(given, plan)
    keyed = planning.make(plan.file, plan.tools, {**plan.environ, "DAILY_API_KEY": "key"})
    found = await connections.connect(given, keyed)
    assert found is not None
    params = cast(DailyParams, cast(Any, found.transport)._params)
    assert params.dialin_settings is not None
    assert (params.dialin_settings.call_id, params.api_key, found.call.id) == ("c-2", "key", "c-2")


async def test_the_key_of_the_secrets_is_sent_to_no_address_of_a_body(plan: Plan) -> None:
    body = {"dialin_settings": DIALIN, "daily_api_url": "https://collector.example.com"}
    given = DailySessionArguments(session_id="s", room_url=ROOM, body=body)
    secrets = {**plan.environ, "DAILY_API_KEY": "secret"}
    for own, address in (({}, connections.API_URL), ({"DAILY_API_URL": "http://d:1"}, "http://d:1")):
        keyed = planning.make(plan.file, plan.tools, {**secrets, **own})
        found = await connections.connect(given, keyed)
        params = cast(DailyParams, cast(Any, found).transport._params)
        assert (params.api_key, params.api_url) == ("secret", address)


async def test_a_key_of_a_body_is_sent_to_the_address_beside_it(plan: Plan) -> None:
    keyed = planning.make(
        plan.file, plan.tools, {**plan.environ, "DAILY_API_KEY": "secret", "DAILY_API_URL": "http://d:1"}
    )
    for more, address in (({}, connections.API_URL), ({"daily_api_url": "https://a.b"}, "https://a.b")):
        body = {"dialin_settings": DIALIN, "daily_api_key": "theirs", **more}
        found = await connections.connect(
            DailySessionArguments(session_id="s", room_url=ROOM, body=body), keyed
        )
        params = cast(DailyParams, cast(Any, found).transport._params)
        assert (params.api_key, params.api_url) == ("theirs", address)


@pytest.mark.parametrize("settings", ["text", 7, [1], {"call_id": "c"}, {"call_id": 1, "call_domain": "d"}])
async def test_a_telephone_call_that_cannot_be_read_is_refused(plan: Plan, settings: object) -> None:
    body = {"dialin_settings": settings, "daily_api_key": "key"}
    given = DailySessionArguments(session_id="s", room_url=ROOM, body=body)
    with pytest.raises(SetupError, match="dialin_settings can't be read"):
        await connections.connect(given, plan)


async def test_a_stream_brings_its_numbers_and_the_body_wins_over_its_parameters(plan: Plan) -> None:
    socket = Socket(['{"event": "connected"}', json.dumps(START)])
    found = await connections.connect(on_socket(socket, {"order": "8", "vip": True}), plan)
    assert found is not None
    call = found.call
    assert (call.id, call.from_number, call.to_number) == ("CA1", "+1202", "+1203")
    assert call.parameters == {"order": "8", "vip": "True"}
    assert found.sample_rate_in == 8_000


@pytest.mark.parametrize("dispatched", [True, False])
async def test_only_a_server_of_ours_says_what_is_asked_after_a_transfer(
    plan: Plan, dispatched: bool
) -> None:
    url = "https://voice.example.com/desk/twilio/transferred"
    socket = Socket([started("customParameters", {"order": "7", "transferred_url": url})])
    found = await connections.connect(on_socket(socket), plan, dispatched=dispatched)
    assert found is not None
    assert found.call.parameters == {"order": "7"}
    assert cast(Any, found.control)._after.url == (url if dispatched else "")
    assert found.control is not None
    assert not found.control.brings_back, "nobody can, and the record is not kept open for it"


@pytest.mark.parametrize(
    "messages",
    [
        ["no json"],
        ["[]"],
        ['{"event": "stop"}'],
        ['{"event": "start"}'],
        ['{"event": "connected"}', '{"event": "start", "start": {"callSid": "CA1"}}'],
        ['{"event": "connected"}', '{"event": "start", "start": {"streamSid": "x", "callSid": "y", '
         '"customParameters": [1]}}'],
        [started("callSid", "../../Accounts")],
        [started("streamSid", "MZ1?x=1")],
        [started("callSid", None)],
        ["[" * 30_000],
        [" " * 200_000],
    ],
)  # fmt: skip
async def test_what_is_no_stream_of_twilios_is_closed(plan: Plan, messages: list[str]) -> None:
    socket = Socket(messages)
    assert await connections.connect(on_socket(socket), plan) is None
    assert socket.closed == connections.POLICY_VIOLATION


async def test_a_stream_that_is_gone_is_nobody(plan: Plan) -> None:
    assert await connections.connect(on_socket(Socket()), plan) is None


def test_a_stream_that_says_nothing_is_closed(plan: Plan) -> None:
    async def wait() -> tuple[object, int | None, float]:
        socket = Socket(['{"event": "connected"}'], then_silent=True)
        found = await connections.connect(on_socket(socket), plan)
        return found, socket.closed, asyncio.get_running_loop().time()

    found, closed, seconds = virtual_time.run(wait())
    assert (found, closed) == (None, connections.POLICY_VIOLATION)
    assert seconds >= connections.START_SECONDS


async def test_a_browser_comes_over_webrtc(plan: Plan) -> None:
    peer = SmallWebRTCConnection()
    given = SmallWebRTCSessionArguments(session_id="s-1", webrtc_connection=peer, body={"order": 7})
    found = await connections.connect(given, plan)
    assert found is not None
    assert isinstance(found.transport, SmallWebRTCTransport)
    assert (found.call.id, found.call.parameters, found.rtvi) == ("s-1", {"order": "7"}, True)
    await peer.disconnect()


async def test_a_session_without_a_room_has_nobody_to_talk_to(plan: Plan) -> None:
    assert await connections.connect(PipecatSessionArguments(session_id="s", body={}), plan) is None


async def test_another_kind_of_session_is_refused_by_name(plan: Plan) -> None:
    given = MOQSessionArguments(session_id="s", relay_url="https://relay.example.com/?jwt=secret")
    with pytest.raises(SetupError, match="MOQSessionArguments") as refused:
        await connections.connect(given, plan)
    assert "secret" not in str(refused.value)
