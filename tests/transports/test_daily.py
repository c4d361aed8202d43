"""The agent's side of a room is what Pipecat's own runner makes of it, and so is the room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pipecat.runner.daily import configure
from pipecat.runner.types import DailyDialinRequest, DailyRunnerArguments, DialinSettings
from pipecat.runner.utils import create_transport
from pipecat.transports.daily.transport import DailyParams, DailyTransport
from pipecat.transports.daily.utils import DailyMeetingTokenProperties, DailyRoomProperties

from agentrun.call import Call
from agentrun.server.daily.rooms import DailyRooms
from agentrun.simulate.daily import DailyServer
from agentrun.spec.models.daily import CallerSpec, RoomSpec
from agentrun.spec.models.daily import DailyTransport as DailySpec
from agentrun.transports import daily
from agentrun.transports.daily import HUNG_UP, LOST, Invitation

URL, TOKEN = "https://example.daily.co/desk", "token"
CALL = Call(id="c", agent="desk", transport="daily")
DIALIN = DailyDialinRequest(
    dialin_settings=DialinSettings(call_id="c", call_domain="d", To="+1", From="+2", sip_headers={"X": "y"}),
    daily_api_key="key",
    daily_api_url="https://api.example.com/v1",
)


def described(transport: Any) -> dict[str, Any]:
    """Everything that was chosen for a transport of Pipecat's."""
    client = transport._client
    return {
        "kind": type(transport),
        "room": transport.room_url,
        "token": client._token,
        "name": client._bot_name,
        "params": transport._params.model_dump(),
        "params of the client": client._params.model_dump(),
        "input": type(transport.input()),
        "output": type(transport.output()),
        "events": sorted(transport._event_handlers),
    }


@pytest.mark.parametrize("dialin", [None, DIALIN], ids=["a caller in the room", "a telephone"])
async def test_it_is_the_transport_that_pipecats_runner_makes(dialin: DailyDialinRequest | None) -> None:
    arguments = DailyRunnerArguments(room_url=URL, token=TOKEN, body=dialin and dialin.model_dump())
    params = {"daily": lambda: DailyParams(audio_in_enabled=True, audio_out_enabled=True)}
    theirs = await create_transport(arguments, params)
    ours = daily.connect(Invitation(URL, TOKEN, "Pipecat Bot", dialin), CALL)
    assert described(ours.transport) == described(theirs)
    for transport in (ours.transport, theirs):
        await transport.input().cleanup()


def test_only_a_telephone_hangs_up_without_having_been_in_the_room() -> None:
    assert daily.connect(Invitation(URL, TOKEN, "desk"), CALL).hung_up == ()
    assert daily.connect(Invitation(URL, TOKEN, "desk", DIALIN), CALL).hung_up == HUNG_UP


def test_only_a_client_in_the_room_is_sent_rtvi_messages() -> None:
    assert daily.connect(Invitation(URL, TOKEN, "desk"), CALL).rtvi
    assert not daily.connect(Invitation(URL, TOKEN, "desk", DIALIN), CALL).rtvi


async def test_pipecats_transport_has_the_events_that_a_session_listens_to() -> None:
    """It speaks of participants; callers come and go under the names of every transport."""
    made = daily.connect(Invitation(URL, TOKEN, "desk"), CALL).transport
    assert isinstance(made, DailyTransport)
    seen: list[str] = []

    def note(event: str) -> Any:
        async def noted(_transport: Any, what: Any) -> None:
            seen.append(f"{event} {what['id'] if isinstance(what, dict) else what}")

        return noted

    for event in ("on_client_connected", "on_client_disconnected", *LOST, *HUNG_UP):
        assert event in made._event_handlers
        made.add_event_handler(event, note(event))
    await made._on_participant_joined({"id": "one"})
    await made._on_participant_left({"id": "one"}, "leftCall")
    await made._on_dialin_error("busy")
    await made._on_dialin_stopped("over")
    await made.cleanup()
    assert seen == [
        *("on_client_connected one", "on_client_disconnected one"),
        *("on_dialin_error busy", "on_dialin_stopped over"),
    ]


@pytest.mark.parametrize("telephone", [None, "+12025550143"])
async def test_the_room_and_the_agents_token_are_those_of_pipecats_configure(
    telephone: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DailyServer() as api:
        for name, value in api.environ().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("DAILY_ROOM_URL", raising=False)
        async with aiohttp.ClientSession() as session:
            await configure(session, sip_caller_phone=telephone)
        rooms = DailyRooms(api.environ())
        await rooms.make(
            DailySpec(type="daily", room=RoomSpec(expires="2h")), 60.0, telephone=telephone or ""
        )
        asked = [request.body for request in api.requests]
        theirs, ours = asked[0], asked[2]
        assert ours["properties"].pop("exp") == pytest.approx(theirs["properties"].pop("exp"), abs=5)
        assert ours["properties"] == theirs["properties"]
        assert (theirs["privacy"], ours["privacy"]) == ("public", "private")
        their_token, our_token = asked[1]["properties"], asked[3]["properties"]
        assert our_token.pop("exp") == pytest.approx(their_token.pop("exp"), abs=5)
        assert (their_token.pop("room_name"), our_token.pop("room_name")) == (theirs["name"], ours["name"])
        assert our_token == their_token
        await rooms.close()
        assert [room.name for room in api.rooms.values()] == [theirs["name"]], "theirs stays"


def test_every_property_that_pipecat_knows_can_be_written_and_no_other(tmp_path: Path) -> None:
    set_here = {"exp", "eject_at_room_exp", "sip", "sip_uri"}
    own = {"expires", "privacy"}
    assert set(RoomSpec.model_fields) - own == set(DailyRoomProperties.model_fields) - set_here
    set_here = {"room_name", "exp"}
    assert set(CallerSpec.model_fields) == set(DailyMeetingTokenProperties.model_fields) - set_here


def test_properties_that_are_not_written_are_pipecats_defaults() -> None:
    theirs = DailyRoomProperties()
    written = RoomSpec().model_dump(exclude={"expires", "privacy"})
    assert written == {key: getattr(theirs, key) for key in written}
