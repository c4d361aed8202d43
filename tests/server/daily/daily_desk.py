"""Agents on Daily for tests: the real routes, plans and sessions, a mock of Daily's REST API, and rooms
without sound. What Daily's media does can't be seen here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pipecat.frames.frames import OutputAudioRawFrame, StartFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from agentrun import spec
from agentrun.call import Call
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.records import CallRecord
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.daily import agents as daily
from agentrun.server.daily.calls import Connect, DailyCalls
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.simulate.daily import DailyServer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.transports.connection import Connection
from agentrun.transports.daily import HUNG_UP, LOST, Invitation
from tests.calls.desk import HELLO, until

KEY = "the-servers-key"
BEARER = {"Authorization": f"Bearer {KEY}"}
SPEC = """
name: {name}
transport: {transport}
prompts: {{system: You answer for a restaurant., greeting: Say hello., apology: Sorry.}}
"""


class _Ears(BaseInputTransport):
    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


class _Mouth(BaseOutputTransport):
    spoken = 0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self.spoken += len(frame.audio)
        return True


class RoomLine(BaseTransport):
    """A room without sound, with the events of Pipecat's transport for Daily."""

    def __init__(self) -> None:
        super().__init__()
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        self._ears, self._mouth = _Ears(params), _Mouth(params)
        for event in ("on_client_connected", "on_client_disconnected", *LOST, *HUNG_UP):
            self._register_event_handler(event)

    def input(self) -> _Ears:
        return self._ears

    def output(self) -> _Mouth:
        return self._mouth

    async def comes(self, participant: str) -> None:
        """Somebody joins the room."""
        await self._call_event_handler("on_client_connected", {"id": participant})

    async def goes(self, participant: str) -> None:
        """Somebody leaves it."""
        await self._call_event_handler("on_client_disconnected", {"id": participant})

    async def fails(self, event: str, reason: Any) -> None:
        """The line is lost."""
        await self._call_event_handler(event, reason)

    async def hangs_up(self) -> None:
        """The telephone has hung up, be it before it was put through."""
        await self._call_event_handler("on_dialin_stopped", {"sessionId": "s"})

    async def settled(self) -> None:
        """Wait until every event has been handled."""
        await super().cleanup()  # type: ignore[no-untyped-call]


@dataclass
class Lines:
    """Joins rooms without sound, and knows which."""

    invitations: list[Invitation] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    lines: list[RoomLine] = field(default_factory=list)

    def connect(self, invitation: Invitation, call: Call) -> Connection:
        self.invitations.append(invitation)
        self.calls.append(call)
        self.lines.append(RoomLine())
        hung_up = HUNG_UP if invitation.dialin else ()
        return Connection(call, self.lines[-1], rtvi=True, lost=LOST, hung_up=hung_up)


@dataclass
class Desk:
    """A server for agents on Daily."""

    url: str
    daily: DailyServer
    openai: OpenAIServer
    switchboard: Switchboard
    calls: DailyCalls
    lines: Lines

    async def post(
        self, path: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """Ask one of the routes; with the server's key unless ``headers`` say otherwise."""
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            given = BEARER if headers is None else headers
            return await client.post(f"{self.url}{path}", headers=given, content=content)

    async def ended(self, call_id: str, agent: str = "desk") -> CallRecord:
        """The record of a call, once it is over and its room is gone."""
        record = self.switchboard.records.get(agent, call_id)
        assert record is not None
        await until(lambda: record.ended is not None, 15)
        await until(lambda: not self.switchboard.live, 5)
        return record

    async def rooms_are_gone(self) -> None:
        """Wait until no room is left at Daily."""
        await until(lambda: not self.daily.rooms, 5)


@contextlib.asynccontextmanager
async def open_desk(
    folder: Path,
    *names: str,
    transport: str = "daily",
    environ: Mapping[str, str] | None = None,
    connect: Connect | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Desk]:
    """Serve agents of these ``names``, or ``desk``, on a loopback port as if it were ``host``."""
    lines = Lines()
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(DailyServer())
        brain = ScriptedBrain([HELLO] * len(names or ("desk",)))
        openai = OpenAIServer(ScriptedHearing(()), ToneVoice(), brain)
        await stack.enter_async_context(openai)
        env = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **api.environ()}
        env |= {"AGENTRUN_API_KEY": KEY} if environ is None else environ
        plans = {}
        for name in names or ("desk",):
            path = folder / f"{name}.yaml"
            path.write_text(SPEC.format(name=name, transport=transport))
            plans[name] = planning.make(spec.load(path), (), env)
        resources = await stack.enter_async_context(Resources())
        switchboard = Switchboard(plans, resources)
        app = FastAPI()
        calls = daily.include(
            app, switchboard, ServerSettings(host, Access.CLOSED, env), connect or lines.connect
        )
        sock = bind("127.0.0.1", 0)
        stack.callback(sock.close)
        await stack.enter_async_context(serving(app, sock))
        stack.push_async_callback(switchboard.close)
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        yield Desk(url, api, openai, switchboard, calls, lines)
