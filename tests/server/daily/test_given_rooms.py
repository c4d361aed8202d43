"""A room that is given: the agent joins it when the server starts, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from agentrun.call import Call
from agentrun.server.shared_state.backend import Backend
from agentrun.server.shared_state.state import SharedState
from agentrun.transports import daily
from agentrun.transports.connection import Connection
from agentrun.transports.daily import Invitation
from tests.calls.desk import until
from tests.log_lines import log_lines
from tests.server.daily.daily_desk import open_desk

GIVEN = "{type: daily, room_url: 'https://example.daily.co/desk', token: '${DAILY_TOKEN}'}"
ENVIRON = {"DAILY_TOKEN": "token-of-the-agent", "AGENTRUN_API_KEY": "k"}


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What is logged as a warning."""
    with log_lines("WARNING") as lines:
        yield lines


async def test_the_agent_joins_it_with_the_token_and_nothing_is_made(tmp_path: Path) -> None:
    async with open_desk(tmp_path, transport=GIVEN, environ=ENVIRON) as desk:
        desk.calls.join_given_rooms()
        (invitation,) = desk.lines.invitations
        assert (invitation.room_url, invitation.token) == (
            "https://example.daily.co/desk",
            "token-of-the-agent",
        )
        assert "token-of-the-agent" not in repr(invitation)
        assert desk.switchboard.live == 1
    assert desk.daily.requests == [], "a room that is given is neither made nor deleted"


async def test_when_its_call_ends_that_is_told(tmp_path: Path, said: list[str]) -> None:
    async with open_desk(tmp_path, transport=GIVEN, environ=ENVIRON) as desk:
        desk.calls.join_given_rooms()
        (line,) = desk.lines.lines
        await line.comes("one")
        await line.goes("one")
        await until(lambda: said and not desk.switchboard.live, 10)
        assert said[-1].strip() == (
            "desk has left the room of its spec: the caller hung up; serve again to join it anew"
        )


async def test_machines_are_told_that_each_of_them_joins_it(tmp_path: Path, said: list[str]) -> None:
    async with open_desk(tmp_path, transport=GIVEN, environ=ENVIRON) as desk:
        desk.calls.join_given_rooms()
        assert said == []
        shared = SimpleNamespace(url="postgresql+psycopg://db/agentrun")
        desk.switchboard.admission.state = SharedState(cast(Backend, shared))
        desk.calls.join_given_rooms()
        assert "so it does from each machine that serves it" in said[0]
        desk.switchboard.admission.state = SharedState()


async def test_a_join_that_is_refused_is_told(tmp_path: Path, said: list[str]) -> None:
    """Daily's own library refuses: the address is none."""

    def connect(invitation: Invitation, call: Call) -> Connection:
        return daily.connect(replace(invitation, room_url="not an address"), call)

    async with open_desk(tmp_path, transport=GIVEN, environ=ENVIRON, connect=connect) as desk:
        desk.calls.join_given_rooms()
        await until(lambda: said and not desk.switchboard.live, 10)
        assert "Error joining not an address" in said[-1]


async def test_it_takes_no_starts_and_no_telephone_calls(tmp_path: Path) -> None:
    body = b'{"From": "+1", "To": "+2", "callId": "c", "callDomain": "d"}'
    async with open_desk(tmp_path, transport=GIVEN, environ={"DAILY_TOKEN": "t"}) as desk:
        for path in ("start", "dialin"):
            answer = await desk.post(f"/desk/daily/{path}", {}, body if path == "dialin" else b"")
            assert (answer.status_code, "room_url" in answer.json()["detail"]) == (409, True)
