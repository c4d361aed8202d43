"""An agent is started in a room at Daily; the room goes with the call, whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pipecat.pipeline.worker import PipelineWorker

from agentrun.call import Call
from agentrun.records.call_record import CallRecord
from agentrun.server.daily import rooms
from agentrun.session import ending
from agentrun.simulate.faults import Fault
from agentrun.transports import daily
from agentrun.transports.connection import Connection
from agentrun.transports.daily import Invitation
from tests.calls.desk import until
from tests.server.daily.daily_desk import open_desk

START = "/desk/daily/start"


async def test_a_start_is_answered_with_a_room_and_a_token_for_the_caller(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        answer = await desk.post(START)
        assert answer.status_code == 200
        told = answer.json()
        (room,) = desk.daily.rooms.values()
        assert told["dailyRoom"] == room.url
        assert desk.daily.tokens[told["dailyToken"]].properties["is_owner"] is False
        assert told["sessionId"] == told["callId"]
        record = desk.switchboard.records.get("desk", told["callId"])
        assert record is not None
        assert (record.transport, desk.switchboard.live) == ("daily", 1)


async def test_the_agent_comes_as_an_owner_and_both_tokens_are_for_this_room_and_expire_with_it(
    tmp_path: Path,
) -> None:
    async with open_desk(tmp_path) as desk:
        told = (await desk.post(START)).json()
        (room,) = desk.daily.rooms.values()
        (invitation,) = desk.lines.invitations
        assert (invitation.room_url, invitation.bot_name) == (room.url, "desk")
        agents, callers = (
            desk.daily.tokens[text].properties for text in (invitation.token or "", told["dailyToken"])
        )
        assert (agents["is_owner"], callers["is_owner"]) == (True, False)
        for token in (agents, callers):
            assert token["room_name"] == room.name
            assert token["exp"] == pytest.approx(room.properties["exp"], abs=3)


async def test_a_room_is_private_and_outlasts_the_longest_call_by_five_minutes(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.post(START)
        (room,) = desk.daily.rooms.values()
        assert room.privacy == "private"
        assert room.properties["exp"] == pytest.approx(time.time() + 1800 + 300, abs=10)
        assert room.properties["eject_at_room_exp"] is True


async def test_room_and_caller_are_as_the_spec_asks(tmp_path: Path) -> None:
    transport = (
        "{type: daily, bot_name: Rosa, room: {expires: 2h, privacy: public, max_participants: 3, geo: eu-1},"
        " caller: {is_owner: true, user_name: Guest, eject_at_token_exp: true}}"
    )
    async with open_desk(tmp_path, transport=transport) as desk:
        told = (await desk.post(START)).json()
        (room,) = desk.daily.rooms.values()
        assert (room.privacy, room.properties["max_participants"], room.properties["geo"]) == (
            "public",
            3,
            "eu-1",
        )
        assert room.properties["exp"] == pytest.approx(time.time() + 7200, abs=10)
        token = desk.daily.tokens[told["dailyToken"]].properties
        assert (token["is_owner"], token["user_name"], token["eject_at_token_exp"]) == (True, "Guest", True)
        assert desk.lines.invitations[0].bot_name == "Rosa"


async def test_the_first_caller_is_greeted_and_the_room_goes_with_the_last(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        told = (await desk.post(START)).json()
        (line,) = desk.lines.lines
        await line.comes("one")
        await until(lambda: line.output().spoken, 10)
        await line.comes("two")
        await line.goes("one")
        assert desk.daily.rooms
        assert desk.switchboard.live == 1
        await line.goes("two")
        record = await desk.ended(told["callId"])
        assert (record.ended_by, record.reason) == ("caller", "the caller hung up")
        assert sum(request.route == "chat" for request in desk.openai.requests) == 1
        await desk.rooms_are_gone()


async def test_a_room_is_deleted_when_its_session_crashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = ending.stop_pipeline

    async def crash(running: asyncio.Task[None], worker: PipelineWorker, record: CallRecord) -> None:
        await end(running, worker, record)
        raise RuntimeError("a bug")

    monkeypatch.setattr(ending, "stop_pipeline", crash)
    async with open_desk(tmp_path) as desk:
        told = (await desk.post(START)).json()
        (line,) = desk.lines.lines
        await line.fails("on_error", "put out")
        await desk.rooms_are_gone()
        record = desk.switchboard.records.get("desk", told["callId"])
        assert record is not None
        assert "a bug" in record.errors[-1]


async def test_a_room_is_deleted_when_the_agents_side_of_it_can_not_be_made(tmp_path: Path) -> None:
    def connect(invitation: Invitation, call: Call) -> Connection:
        raise RuntimeError("no line")

    async with open_desk(tmp_path, connect=connect) as desk:
        assert (await desk.post(START)).status_code == 500
        await desk.rooms_are_gone()
        assert [r.method for r in desk.daily.requests][-1] == "DELETE"


async def test_a_join_that_is_refused_ends_the_call_with_the_reason_and_deletes_the_room(
    tmp_path: Path,
) -> None:
    """Daily's own library refuses: the address is none."""

    def connect(invitation: Invitation, call: Call) -> Connection:
        return daily.connect(replace(invitation, room_url="not an address"), call)

    async with open_desk(tmp_path, connect=connect) as desk:
        told = (await desk.post(START)).json()
        record = await desk.ended(told["callId"])
        assert record.ended_by == "error"
        assert record.reason.startswith("Error joining not an address")
        await desk.rooms_are_gone()


@pytest.mark.parametrize("event", daily.LOST)
async def test_a_line_that_is_lost_ends_the_call_at_once(tmp_path: Path, event: str) -> None:
    async with open_desk(tmp_path) as desk:
        told = (await desk.post(START)).json()
        (line,) = desk.lines.lines
        await line.comes("one")
        await line.fails(event, "put out of the room")
        record = await desk.ended(told["callId"])
        assert (record.ended_by, record.reason) == ("error", "put out of the room")
        await desk.rooms_are_gone()


@pytest.mark.parametrize("route", ["POST rooms", "POST meeting-tokens"])
@pytest.mark.parametrize("status", [401, 429, 500])
async def test_an_api_that_fails_is_answered_with_502_and_the_reason(
    tmp_path: Path, route: str, status: int
) -> None:
    async with open_desk(tmp_path) as desk:
        desk.daily.faults[route] = Fault("status", status)
        answer = await desk.post(START)
        assert answer.status_code == 502
        assert f"status: {status}" in answer.json()["detail"]
        assert desk.daily.api_key not in answer.text
        await desk.rooms_are_gone()
        assert (desk.switchboard.live, desk.lines.calls) == (0, [])


async def test_a_token_that_is_refused_halfway_leaves_no_room(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.daily.faults["POST meeting-tokens"] = Fault("status", 500)
        assert (await desk.post(START)).status_code == 502
        await desk.rooms_are_gone()
        asked = [f"{r.method} {r.path.partition('/')[0]} {r.status}" for r in desk.daily.requests]
        assert asked == ["POST rooms 200", "POST meeting-tokens 500", "DELETE rooms 200"]


async def test_an_api_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "REQUEST_SECONDS", 0.3)
    async with open_desk(tmp_path) as desk:
        desk.daily.faults["POST rooms"] = Fault("hang")
        answer = await desk.post(START)
        assert answer.status_code == 502
        assert "TimeoutError" in answer.json()["detail"]
        assert desk.switchboard.live == 0


async def test_a_wrong_key_is_told_without_the_key(tmp_path: Path) -> None:
    environ = {"AGENTRUN_API_KEY": "the-servers-key", "DAILY_API_KEY": "wrong-key-of-daily"}
    async with open_desk(tmp_path, environ=environ) as desk:
        answer = await desk.post(START)
        assert answer.status_code == 502
        assert "authentication-error" in answer.text
        assert "wrong-key-of-daily" not in answer.text


async def test_a_room_is_deleted_in_the_second_attempt_when_the_first_fails(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.daily.faults["DELETE rooms"] = Fault("status", 500, times=1)
        await desk.post(START)
        (line,) = desk.lines.lines
        await line.comes("one")
        await line.goes("one")
        await desk.rooms_are_gone()


async def test_a_start_that_is_cancelled_in_the_middle_leaves_no_room(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.daily.latency["POST rooms"] = 0.3
        plan = desk.switchboard.plans["desk"]
        starting = asyncio.create_task(desk.calls.start(plan, {}))
        await asyncio.sleep(0.1)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await until(lambda: any(r.method == "DELETE" for r in desk.daily.requests), 5)
        asked = [(r.method, r.status) for r in desk.daily.requests]
        assert asked[0] == ("POST", 200), "the room was made after nobody waited for it"
        assert asked[-1] == ("DELETE", 200)
        assert not desk.daily.rooms
        assert desk.switchboard.live == 0


async def test_a_server_that_stops_deletes_the_rooms_of_calls_and_of_starts_under_way(
    tmp_path: Path,
) -> None:
    async with open_desk(tmp_path) as desk:
        assert (await desk.post(START)).status_code == 200
        desk.daily.latency["POST rooms"] = 0.3
        starting = asyncio.create_task(desk.post(START))
        await until(lambda: desk.daily.arrived.count("POST rooms") == 2, 10)
        await desk.switchboard.close()
        answer = await starting
        assert (answer.status_code, answer.json()["detail"]) == (502, "the server is stopping")
        assert not desk.daily.rooms
        assert (await desk.post(START)).status_code == 503


async def test_two_agents_have_rooms_of_their_own_at_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path, "desk", "shop") as desk:
        answers = await asyncio.gather(*(desk.post(f"/{name}/daily/start") for name in ("desk", "shop")))
        one, two = (answer.json() for answer in answers)
        assert one["dailyRoom"] != two["dailyRoom"]
        assert sorted(call.agent for call in desk.lines.calls) == ["desk", "shop"]
        first = next(n for n, call in enumerate(desk.lines.calls) if call.agent == "desk")
        await desk.lines.lines[first].comes("one")
        await desk.lines.lines[first].goes("one")
        await until(lambda: len(desk.daily.rooms) == 1, 15)
        (left,) = desk.daily.rooms.values()
        assert left.url == two["dailyRoom"]
        assert desk.switchboard.live == 1


async def test_the_body_reaches_the_call(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        asked = {"createDailyRoom": True, "body": {"table": 4, "name": "Ada"}}
        assert (await desk.post(START, content=json.dumps(asked).encode())).status_code == 200
        assert desk.lines.calls[0].parameters == {"table": "4", "name": "Ada"}


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"[1]", 400, "not a JSON object"),
        (b'{"body": {"a": {}}}', 422, "body.a"),
        (b'{"dailyRoomProperties": {}}', 422, "dailyRoomProperties"),
        (b'{"transport": "webrtc"}', 422, "rooms at Daily"),
        (b"x" * 20_000, 413, "16 KiB"),
    ],
)
async def test_a_body_that_asks_for_something_else_is_refused(
    tmp_path: Path, content: bytes, status: int, words: str
) -> None:
    async with open_desk(tmp_path) as desk:
        answer = await desk.post(START, content=content)
        assert answer.status_code == status
        assert words in answer.json()["detail"]
        assert desk.daily.requests == []


async def test_strangers_start_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "the-servers-key"}):
            answer = await desk.post(START, headers)
            assert answer.status_code == 401
            assert "AGENTRUN_API_KEY" in answer.json()["detail"]
            assert answer.headers["www-authenticate"] == "Bearer"
        assert desk.daily.requests == []


async def test_an_agent_of_another_transport_is_not_here(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        answer = await desk.post("/nobody/daily/start")
        assert (answer.status_code, "nobody" in answer.json()["detail"]) == (404, True)
