"""What Pipecat Cloud documents of the server in its image, around the ``bot.py`` of the current folder.

``POST /bot`` with a room in headers, ``WS /ws?body=``, ``POST /api/offer``, ``GET /readyz``. SIGTERM stops it
from taking sessions, and lets those that are up finish. Started as ``python server.py PORT``.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import os
import socket
import sys
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Header, Request, WebSocket
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocketState

sys.path.insert(1, os.getcwd())  # noqa: PTH109

from pipecatcloud.agent import (
    DailySessionArguments,
    PipecatSessionArguments,
    SmallWebRTCSessionArguments,
    WebSocketSessionArguments,
)

bots: Any = importlib.import_module("bot")
app: FastAPI = importlib.import_module("pipecatcloud_system").app
Session = Annotated[str | None, Header()]


@app.get("/readyz")
async def readyz() -> JSONResponse:
    told = await bots.readyz()
    return JSONResponse(told, 200 if told["ready"] else 503)


@app.post("/bot")
async def begin(
    request: Request,
    x_daily_session_id: Session = None,
    x_daily_room_url: Session = None,
    x_daily_room_token: Session = None,
) -> dict[str, Any]:
    body = await request.json()
    if x_daily_room_url:
        daily = DailySessionArguments(
            session_id=x_daily_session_id, room_url=x_daily_room_url, token=x_daily_room_token, body=body
        )
        await bots.bot(daily)
    else:
        await bots.bot(PipecatSessionArguments(session_id=x_daily_session_id, body=body))
    return {}


@app.websocket("/ws")
async def stream(websocket: WebSocket, body: str | None = None, x_daily_session_id: Session = None) -> None:
    await websocket.accept()
    given = json.loads(base64.b64decode(body)) if body else None
    await bots.bot(WebSocketSessionArguments(session_id=x_daily_session_id, websocket=websocket, body=given))
    if websocket.application_state == WebSocketState.CONNECTED:
        await websocket.close()


@app.post("/api/offer")
async def offer(request: Request, x_daily_session_id: Session = None) -> Any:
    from pipecat.transports.smallwebrtc.request_handler import SmallWebRTCRequest, SmallWebRTCRequestHandler

    async def connected(peer: Any) -> None:
        given = SmallWebRTCSessionArguments(session_id=x_daily_session_id, webrtc_connection=peer)
        app.state.session = asyncio.create_task(bots.bot(given))

    wanted = SmallWebRTCRequest.from_dict(await request.json())
    return await SmallWebRTCRequestHandler().handle_web_request(wanted, connected)


class Waiting(uvicorn.Server):
    """Lets connections end by themselves when it is told to stop."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self.lifespan.shutdown()


if __name__ == "__main__":
    Waiting(uvicorn.Config(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")).run()
