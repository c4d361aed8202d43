"""``/v1/responses``: over HTTP, streamed or complete, and over a WebSocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai.agent_routes import route, socket_route
from agentrun.simulate.openai.errors import CutShortError, key_problem, strike
from agentrun.simulate.openai.known_names import require_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.realtime import sockets
from agentrun.simulate.openai.realtime.client_events import InvalidEventError
from agentrun.simulate.openai.request_bodies import RefusedError, read_json
from agentrun.simulate.openai.request_shapes import Responses, require
from agentrun.simulate.openai.responses.events import Event, as_items, response_events
from agentrun.simulate.openai.responses.socket import ResponseSocket


def routes(mock: MockState) -> list[BaseRoute]:
    """The Responses routes, for one agent and for all."""

    async def responses(request: HttpRequest, agent: str) -> Response:
        if refused := key_problem(request):
            return refused
        body = await read_json(request)
        mock.requests.append(Request("responses", agent, body))
        require(Responses, body)
        fault = mock.conditions.strike("responses")
        if struck := await strike(fault, request, streams=bool(body.get("stream"))):
            return struck
        require_model(body.get("model"))
        await mock.conditions.wait("responses")
        try:
            items = as_items(body.get("input"))
        except InvalidEventError as misfit:
            raise RefusedError(misfit.message, param=misfit.param, code=misfit.code) from None
        events = response_events(mock, agent, body, items)
        if body.get("stream") and not (fault and fault.kind == "whole"):
            return StreamingResponse(_as_lines(events, fault), media_type="text/event-stream")
        last = [event async for event in events][-1]
        return JSONResponse(last["response"])

    async def socket(socket: WebSocket, agent: str) -> None:
        fault = mock.conditions.strike("responses")
        if await sockets.refuse(socket, fault, mock):
            return
        await socket.accept()
        if fault and fault.kind == "hang":
            await sockets.hang(socket)
            return
        await sockets.serve(ResponseSocket(mock, agent, socket.send_text), socket, fault)

    return [*route("POST", "/v1/responses", responses), *socket_route("/v1/responses", socket)]


async def _as_lines(events: AsyncIterator[Event], fault: Fault | None) -> AsyncIterator[str]:
    """Server-sent events; a cut breaks the connection off after ``fault.after`` of them."""
    sent = 0
    async for event in events:
        if fault and fault.kind == "cut" and sent >= max(1, fault.after):
            raise CutShortError
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        sent += 1
