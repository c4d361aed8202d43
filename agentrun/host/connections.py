"""Makes a connection of what Pipecat passes to ``bot()``; each transport is imported on use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from loguru import logger
from pipecat.runner.types import (
    DailyDialinRequest,
    DailyRunnerArguments,
    DialinSettings,
    RunnerArguments,
    SmallWebRTCRunnerArguments,
    WebSocketRunnerArguments,
)
from pydantic import ValidationError

from agentrun.call import Call
from agentrun.errors import SetupError
from agentrun.host import session_parameters
from agentrun.plan import daily
from agentrun.plan.plan import Plan
from agentrun.server.dispatch.twiml_answers import NUMBERS, OURS, TRANSFERRED
from agentrun.transports.connection import Connection

START_SECONDS = 10.0
"""How long a stream may take to send its start message, which comes with the connection."""
POLICY_VIOLATION = 1008
API_URL = "https://api.daily.co/v1"
API_URL_VARIABLE = "DAILY_API_URL"
DIALIN = "dialin_settings"
_DAILYS = (DIALIN, "daily_api_key", "daily_api_url")
_GATEWAYS = ("_pipecatCloudServiceHost",)


async def connect(args: RunnerArguments, plan: Plan, *, dispatched: bool = False) -> Connection | None:
    """The connection of a session; None, with a log line, if there is nobody to talk to.

    Only a server of ours can have started one that is ``dispatched``. Raises SetupError for a kind of session
    that the agent has no transport for.
    """
    if isinstance(args, DailyRunnerArguments):
        return _daily(args, plan)
    if isinstance(args, WebSocketRunnerArguments):
        return await _twilio(args, plan, dispatched=dispatched)
    if isinstance(args, SmallWebRTCRunnerArguments):
        return _browser(args, plan)
    if type(args).__name__ in ("RunnerArguments", "PipecatSessionArguments"):
        logger.warning("a session without a room, a stream or a peer: start it with createDailyRoom")
        return None
    raise SetupError(
        f"{type(args).__name__} is a kind of session that an agent can't answer",
        "start it over Daily, Twilio or SmallWebRTC",
    )


def _browser(args: SmallWebRTCRunnerArguments, plan: Plan) -> Connection:
    from agentrun.pipeline.pipecat_private.line.browser_sound import keep_sound
    from agentrun.transports import browser

    connection = browser.connect(
        args.webrtc_connection,
        plan.spec.name,
        plan.environ,
        offline=plan.offline,
        call_id=session_parameters.call_id(args.session_id),
        parameters=session_parameters.parameters(args.body),
    )
    keep_sound(connection.transport)
    return connection


def _daily(args: DailyRunnerArguments, plan: Plan) -> Connection:
    from agentrun.transports.daily import Invitation
    from agentrun.transports.daily import connect as join

    dialin = _dialin(args.body, plan.environ)
    settings = dialin.dialin_settings if dialin else None
    call = Call(
        session_parameters.call_id(settings.call_id if settings else args.session_id),
        plan.spec.name,
        "daily",
        from_number=settings.From if settings else None,
        to_number=settings.To if settings else None,
        parameters={
            **session_parameters.parameters(args.body, _DAILYS),
            **session_parameters.parameters(settings.sip_headers if settings else None),
        },
        environ=plan.environ,
        offline=plan.offline,
    )
    name = (plan.daily and plan.daily.bot_name) or plan.spec.name
    return join(Invitation(args.room_url, args.token, name, dialin), call)


def _dialin(body: object, environ: Mapping[str, str]) -> DailyDialinRequest | None:
    """The telephone call that waits for the agent to be in its room, or None.

    Raises SetupError for one that can't be put through.
    """
    if isinstance(body, DailyDialinRequest):
        return body
    if not isinstance(body, Mapping) or not body.get(DIALIN):
        return None
    key, url = _daily_api(body, environ)
    if not key:
        raise SetupError(
            f"{daily.KEY} is not set, and a telephone call needs it", f"add it to the secrets: {daily.KEY}"
        )
    try:
        return DailyDialinRequest(
            dialin_settings=DialinSettings.model_validate(_snake(body[DIALIN])),
            daily_api_key=key,
            daily_api_url=url,
        )
    except ValidationError as error:
        where = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise SetupError(f"the session's {DIALIN} can't be read: {where}", "") from None


def _daily_api(body: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Any, Any]:
    """The key of Daily's API and the address that it is sent to: both the body's, or both the secrets'.

    Whoever starts a session writes its body, so no address in there is sent a key that isn't.
    """
    if key := body.get("daily_api_key"):
        return key, body.get("daily_api_url") or API_URL
    return environ.get(daily.KEY), environ.get(API_URL_VARIABLE) or API_URL


def _snake(settings: Any) -> Any:
    """Daily's own names, as its webhook has them, beside those of Pipecat Cloud."""
    if not isinstance(settings, Mapping):
        return settings
    names = {"callId": "call_id", "callDomain": "call_domain", "sipHeaders": "sip_headers"}
    return {names.get(name, name): value for name, value in settings.items()}


async def _twilio(args: WebSocketRunnerArguments, plan: Plan, *, dispatched: bool) -> Connection | None:
    from agentrun.transports import twilio
    from agentrun.transports.twilio_control import AfterTransfer
    from agentrun.transports.twilio_start import read_start

    websocket: WebSocket = args.websocket
    try:
        stream = await read_start(websocket, expected=True, within=START_SECONDS)
    except WebSocketDisconnect:
        logger.info("the stream was gone before it began")
        return None
    except ValueError as error:
        logger.warning("a stream did not begin as Twilio's do: {}", error)
        await _close(websocket)
        return None
    numbers = {name: _first(stream.parameters, names) for name, names in NUMBERS.items()}
    ours = OURS | {*_GATEWAYS}
    call = Call(
        stream.call_sid,
        plan.spec.name,
        "twilio",
        from_number=numbers["from_number"],
        to_number=numbers["to_number"],
        # a stream's parameters are whatever its TwiML says; the body came with the session's own key
        parameters={
            **session_parameters.parameters(stream.parameters, ours),
            **session_parameters.parameters(args.body),
        },
        environ=plan.environ,
        offline=plan.offline,
    )
    # whoever else can write the parameters of a stream is not to say what becomes of the caller
    transferred_url = stream.parameters.get(TRANSFERRED, "") if dispatched else ""
    after = AfterTransfer(transferred_url, plan.spec.limits.ring)
    return twilio.connect(websocket, stream, call, plan.environ, after)


def _first(parameters: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((parameters[name] for name in names if parameters.get(name)), None)


async def _close(websocket: WebSocket) -> None:
    try:
        await websocket.close(POLICY_VIOLATION)
    except (RuntimeError, WebSocketDisconnect, OSError):
        # who is gone already needs no word
        return
