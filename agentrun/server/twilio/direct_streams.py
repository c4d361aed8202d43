"""Streams that simulators on this machine open without a webhook."""

from __future__ import annotations

import re

from fastapi import HTTPException
from loguru import logger
from starlette.requests import HTTPConnection

from agentrun.plan.plan import Plan
from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio.stream_tokens import StreamGrant
from agentrun.transports.twilio_start import Stream

_CALL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"\+?[0-9]{1,15}")


class DirectStreams:
    """Accepts streams without a token under ``--insecure``, unless Twilio's auth token is set."""

    def __init__(self, settings: ServerSettings, switchboard: Switchboard) -> None:
        self._settings = settings
        self._switchboard = switchboard
        self._require_local = local_only.require(settings.local)

    async def grant(self, plan: Plan, request: HTTPConnection, stream: Stream) -> StreamGrant | None:
        """What a webhook would have said about the call; None if the stream may not open one.

        It comes from a program on this machine, not from a page of another site, and its call is admitted as
        any other. ``from_number`` and ``to_number`` may be among its parameters.
        """
        agent, call_sid = plan.spec.name, stream.call_sid
        if not self._settings.insecure or not self._is_here(request) or not _CALL.fullmatch(call_sid):
            return None
        if await self._switchboard.answered.has(agent, call_sid):
            return None
        caller, called = (_number(stream.parameters.get(name, "")) for name in ("from_number", "to_number"))
        if refusal := await self._switchboard.admission.ask(plan, call_sid, caller):
            log = logger.bind(call=call_sid, agent=agent)
            log.info("{}: did not let in call {}: {}", agent, call_sid, refusal.message)
            return None
        return StreamGrant(agent, call_sid, caller, called, 0.0)

    def _is_here(self, request: HTTPConnection) -> bool:
        if not is_loopback(request.client.host if request.client else ""):
            return False
        try:
            self._require_local(request)
        except HTTPException:
            return False
        return True


def _number(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else ""
