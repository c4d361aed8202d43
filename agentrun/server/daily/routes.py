"""Daily's routes: one starts an agent in a room, the other answers telephone calls through one."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from loguru import logger
from pipecat.runner.types import DialinSettings
from pydantic import BaseModel, ConfigDict, ValidationError

from agentrun.plan import daily
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.admission.admission import NotAdmittedError
from agentrun.server.auth import api_key, local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.daily import signature
from agentrun.server.daily.calls import DailyCalls, Started
from agentrun.server.daily.rooms import DailyError
from agentrun.server.lifecycle.settings import ServerSettings

MOST_BODY_BYTES = 16 * 1024


class StartRequest(BaseModel):
    """What Pipecat's clients send: ``body`` reaches prompts and tools, the rest can only be agreed to."""

    model_config = ConfigDict(extra="forbid")

    transport: str = "daily"
    createDailyRoom: bool = True  # noqa: N815 - Pipecat's name
    enableDefaultIceServers: bool = False  # noqa: N815
    agentName: str = ""  # noqa: N815 - the path has it already
    body: dict[str, str | int | float | bool] = {}


class DailyRoutes:
    """Starts calls over Daily for every agent with that transport."""

    def __init__(self, switchboard: Switchboard, settings: ServerSettings, calls: DailyCalls) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._calls = calls
        self._require_local = local_only.require(settings.local)
        self._require_key = api_key.require_key_or_token(settings)

    def router(self) -> APIRouter:
        """The routes, to be included in the app."""
        router = APIRouter()
        router.add_api_route("/{agent}/daily/start", self.start, methods=["POST"])
        router.add_api_route("/{agent}/daily/dialin", self.dial_in, methods=["POST"])
        return router

    async def start(self, agent: str, request: Request) -> dict[str, str]:
        """Make a room, send the agent into it, and answer as Pipecat's runner does."""
        await self._require_key.check(request)
        plan = self._plan(agent)
        order = _start_request(await _body(request))
        parameters = {key: str(value) for key, value in order.body.items()}
        self._require_open()
        try:
            started = await self._calls.start(plan, parameters, lambda: self._require_key.use(request))
        except NotAdmittedError as error:
            raise rejections.in_http(error.refusal) from None
        except DailyError as error:
            raise _no_room(agent, error) from None
        return {**_as_json(started), "dailyToken": started.room.caller_token}

    async def dial_in(self, agent: str, request: Request) -> dict[str, str]:
        """Daily tells of a telephone call; it is put through when the agent is in the room."""
        body = await _body(request)
        data = _object(body)
        if data.get("test") or data.get("Test"):
            # Daily tries the address when it is configured
            return {"status": "OK"}
        self._require_daily(agent, request, body)
        plan = self._plan(agent)
        dialin = _dialin(data)
        self._require_open()
        answered = self._switchboard.answered
        is_known = self._calls.is_known(agent, dialin.call_id)
        if is_known or not await answered.claim(agent, dialin.call_id):
            raise HTTPException(409, "this call has been answered already")
        try:
            return _as_json(await self._calls.dial_in(plan, dialin))
        except NotAdmittedError as error:
            await answered.forget(agent, dialin.call_id)
            raise rejections.in_http(error.refusal) from None
        except DailyError as error:
            await answered.forget(agent, dialin.call_id)
            raise _no_room(agent, error) from None

    def _plan(self, agent: str) -> Plan:
        plan = self._switchboard.plans.get(agent)
        if plan is None or plan.daily is None:
            raise HTTPException(404, f"no agent '{agent}' has transport: daily here")
        if plan.daily.room_url is not None:
            raise HTTPException(
                409, f"agent '{agent}' has a room of its own; remove room_url to have it make rooms"
            )
        return plan

    def _require_open(self) -> None:
        if self._switchboard.closing:
            raise HTTPException(503, "the server is stopping")
        if not self._settings.environ.get(daily.KEY):
            raise HTTPException(503, f"{daily.KEY} is not set where the server runs")

    def _require_daily(self, agent: str, request: Request, body: bytes) -> None:
        """Refuse (403) what Daily did not sign; unsigned calls are for this machine alone."""
        secret = self._settings.environ.get(signature.VARIABLE, "")
        if secret:
            if not signature.is_valid(secret, request.headers, body):
                logger.warning("{}: refused a call without Daily's signature", agent)
                raise HTTPException(403, "the request is not signed by Daily")
            return
        if not is_loopback(self._settings.host):
            raise HTTPException(
                403, f"{signature.VARIABLE} is not set, so nobody can tell Daily from a stranger"
            )
        self._require_local(request)


def _as_json(started: Started) -> dict[str, str]:
    """Pipecat's names, and the call's id under our own."""
    return {"dailyRoom": started.room.url, "sessionId": started.call_id, "callId": started.call_id}


def _no_room(agent: str, error: DailyError) -> HTTPException:
    logger.warning("{}: {}", agent, error)
    return HTTPException(502, str(error))


async def _body(request: Request) -> bytes:
    """The body; refused (413) as soon as it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise HTTPException(413, f"send at most {MOST_BODY_BYTES // 1024} KiB")
    return body


def _start_request(body: bytes) -> StartRequest:
    data = _object(body or b"{}")
    try:
        request = StartRequest.model_validate(data)
    except ValidationError as error:
        raise HTTPException(422, _wrong(error)) from None
    if request.transport != "daily" or not request.createDailyRoom:
        raise HTTPException(422, "this address starts agents in rooms at Daily, each in a room of its own")
    return request


def _dialin(told: dict[str, Any]) -> DialinSettings:
    if not told.get("callId"):
        raise HTTPException(400, "the field 'callId' is missing")
    try:
        return DialinSettings(
            call_id=told["callId"],
            call_domain=told["callDomain"],
            To=told["To"],
            From=told["From"],
            sip_headers=told.get("sipHeaders"),
        )
    except KeyError as error:
        raise HTTPException(400, f"the field {error} is missing") from None
    except ValidationError as error:
        raise HTTPException(400, _wrong(error)) from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return data


def _wrong(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
    )
