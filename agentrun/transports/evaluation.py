"""Pipecat's eval harness as a caller: RTVI over a WebSocket, in text or with audio."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from fastapi import WebSocket
from pipecat.evals.fastapi_transport import EvalFastAPIWebsocketTransport
from pipecat.evals.serializer import EvalConnectionFlags, EvalSerializer, parse_eval_connect
from pipecat.evals.transport import EvalTransportParams
from pipecat.frames.frames import Frame, InputTransportMessageFrame

from agentrun.call import Call
from agentrun.transports.call_socket import CallSocket
from agentrun.transports.connection import Connection
from agentrun.transports.text import transcription


class WrittenSerializer(EvalSerializer):
    """Takes a harness's text as a turn of the caller's, which interrupts when the agent lets it.

    Pipecat's own way interrupts whatever the agent's turns are, and answers past them.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    async def deserialize(self, data: str | bytes) -> Frame | None:
        frame = await super().deserialize(data)
        if isinstance(frame, InputTransportMessageFrame) and frame.message.get("type") == "send-text":
            return transcription(str(frame.message["data"]["content"]))
        return frame


async def flags(websocket: WebSocket) -> EvalConnectionFlags | None:
    """What the harness asks for in its first message; None when it is no harness."""
    try:
        return parse_eval_connect(json.loads(await websocket.receive_text()))
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True)
class EvalOptions:
    """``heard`` keeps the caller's speech, ``call_id`` names the call, ``pace`` is in words a second."""

    heard: bool = False
    call_id: str | None = None
    pace: float | None = None


def connect(
    websocket: WebSocket,
    wanted: EvalConnectionFlags,
    manner: EvalOptions,
    agent: str,
    environ: Mapping[str, str],
    *,
    offline: bool,
) -> Connection:
    """The connection of a harness on an accepted socket; without the agent's speech it is a written line."""
    written = wanted.skip_tts and not manner.heard
    serializer: EvalSerializer = (WrittenSerializer if written else EvalSerializer)()
    params = EvalTransportParams(
        audio_in_enabled=not written, audio_out_enabled=not written, serializer=serializer
    )
    socket = cast(WebSocket, CallSocket(websocket))
    transport = EvalFastAPIWebsocketTransport(socket, params, wanted)
    call_id = manner.call_id or uuid.uuid4().hex
    call = Call(id=call_id, agent=agent, transport="eval", environ=environ, offline=offline)
    return Connection(call, transport, rtvi=True, written=written, pace=manner.pace, keys=True)
