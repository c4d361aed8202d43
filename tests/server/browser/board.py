"""A switchboard of one agent that answers nobody, and the offers that pages send."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription

from agentrun.server.admission.admission import Admission
from agentrun.spec.models.callers_and_hours import Callers
from agentrun.spec.models.turns_and_limits import Limits
from agentrun.transports.connection import Connection

OFFER = "/desk/browser/offer"


class Board:
    """A switchboard that notes whom it answers."""

    def __init__(self) -> None:
        spec = SimpleNamespace(
            name="desk",
            callers=Callers(),
            hours=None,
            limits=Limits(),
            description="Answers for a restaurant.",
            transport=[SimpleNamespace(type="twilio"), SimpleNamespace(type="local")],
            pipeline=SimpleNamespace(style="cascaded"),
        )
        plan = SimpleNamespace(spec=spec, environ={"A": "b"}, offline=True, public_url=None)
        self.plans = {"desk": plan}
        self.refused: dict[str, list[Any]] = {}
        self.admission = Admission()
        self.closing = False
        self.broken = self.unbegun = False
        self.closers: list[Any] = []
        self.answered: list[Connection] = []
        self.calls: list[asyncio.Future[None]] = []

    def on_close(self, closer: Any) -> None:
        self.closers.append(closer)

    def answer(self, plan: Any, connection: Connection) -> asyncio.Future[None]:
        if self.broken:
            raise RuntimeError("no voice")
        self.answered.append(connection)
        self.calls.append(asyncio.get_running_loop().create_future())
        return self.calls[-1]

    def session(self, _agent: str, call_id: str) -> Connection | None:
        return next((one for one in self.answered if one.call.id == call_id and not self.unbegun), None)


async def offer() -> dict[str, str]:
    """What a browser would send."""
    peer = RTCPeerConnection()
    peer.addTransceiver("audio")
    peer.createDataChannel("chat")
    await peer.setLocalDescription(await peer.createOffer())
    description: RTCSessionDescription = peer.localDescription
    await peer.close()
    return {"sdp": description.sdp, "type": description.type}
