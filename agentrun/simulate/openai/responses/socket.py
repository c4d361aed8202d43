"""``wss …/v1/responses``: consecutive responses, each based on the previous one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from agentrun.simulate.openai.known_names import missing_model
from agentrun.simulate.openai.mock_state import MockState, Request
from agentrun.simulate.openai.realtime.client_events import InvalidEventError, problem, require
from agentrun.simulate.openai.realtime.socket_tasks import SocketTasks
from agentrun.simulate.openai.request_shapes import Responses
from agentrun.simulate.openai.responses.events import Event, Item, as_items, response_events


class ResponseSocket:
    """One socket: each ``response.create`` is answered, and may go on from the response that it names.

    As with OpenAI's, they run one at a time in the order asked for, and only the last one is known.
    ``response.cancel`` ends the one under way with ``response.incomplete``; when there is none it does
    nothing, since an error for it would be taken for the next response's.
    """

    def __init__(self, mock: MockState, agent: str, send: Callable[[str], Awaitable[None]]) -> None:
        self._mock = mock
        self._agent = agent
        self._send = send
        self._known: dict[str, list[Item]] = {}
        self._tasks = SocketTasks()
        self._turn = asyncio.Lock()
        self._running = ""
        self._cancelled = False

    async def begin(self) -> None:
        """The client speaks first."""

    async def expire(self) -> None:
        """Returns when the socket has lasted an hour of the mock server's clock."""
        await self._mock.an_hour()
        text = "Responses websocket connection limit reached (60 minutes)."
        await self.error("websocket_connection_limit_reached", text)

    async def close(self) -> None:
        """End what is under way."""
        await self._tasks.close()

    async def error(self, code: str, text: str, event_id: str | None = None, param: str = "") -> None:
        """Send an error event, which names no event of the client's."""
        del event_id
        wrong = problem(code, text, param)
        del wrong["event_id"]
        status = 404 if code == "model_not_found" else 400
        await self._send(json.dumps({"type": "error", "status": status, "error": wrong}))

    async def malformed(self) -> None:
        """Send what is no event."""
        await self._send('{"type": ')

    async def take(self, event: Event) -> None:
        """One event of the client's."""
        kind = event.get("type")
        if kind == "response.create":
            self._mock.requests.append(Request("responses", self._agent, event))
            if words := missing_model(event.get("model")):
                raise InvalidEventError("model_not_found", words)
            require(Responses, event)
            self._tasks.start(self._respond(event))
        elif kind == "response.cancel":
            self._cancelled = bool(self._running) and event.get("response_id") in (None, self._running)
        else:
            raise InvalidEventError("unknown_event", f"unknown event {kind!r}", "type")

    async def _respond(self, event: Event) -> None:
        async with self._turn:
            try:
                await self._run(event, self._input_items(event))
            except InvalidEventError as misfit:
                await self.error(misfit.code, misfit.message, param=misfit.param)
            finally:
                self._running, self._cancelled = "", False

    def _input_items(self, event: Event) -> list[Item]:
        before = event.get("previous_response_id")
        if before is None:
            return as_items(event.get("input"))
        if before not in self._known:
            text = f"Previous response with id '{before}' not found."
            raise InvalidEventError("previous_response_not_found", text, "previous_response_id")
        return [*self._known[before], *as_items(event.get("input"))]

    async def _run(self, event: Event, items: list[Item]) -> None:
        await self._mock.conditions.wait("responses")
        response: Event = {}
        async for step in response_events(self._mock, self._agent, event, items):
            if step["type"] == "response.created":
                response = step["response"]
                self._running = response["id"]
            if self._cancelled:
                await self._incomplete(response, step["sequence_number"])
                return
            if step["type"] == "response.completed":
                self._known = {response["id"]: [*items, *step["response"]["output"]]}
                self._running = ""
            await self._send(json.dumps(step))
            await asyncio.sleep(0)

    async def _incomplete(self, begun: Event, number: int) -> None:
        response = {**begun, "status": "incomplete", "incomplete_details": {"reason": "cancelled"}}
        step = {"type": "response.incomplete", "sequence_number": number, "response": response}
        await self._send(json.dumps(step))
