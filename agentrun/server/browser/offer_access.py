"""Decides who may send an offer, and for which call, before anything is loaded or read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import HTTPException, Request

from agentrun.plan.plan import Plan
from agentrun.server.auth.api_key import StartAccess
from agentrun.server.auth.local_only import LocalCheck
from agentrun.server.browser import request_data
from agentrun.server.browser.ice_servers import IceServers
from agentrun.server.browser.loaded_offers import LoadedOffers
from agentrun.server.browser.offer_requests import credential_of, read_body
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.forwarding.forwarding import Forwarding

OFFER = "browser-offer"
CANDIDATES = "browser-candidates"
StartCheck = StartAccess | Callable[[Request], Awaitable[None] | None]


class OfferAccess:
    """Lets offers in.

    ``require_start`` asks for what may begin a call of the agent in the path. ``require_origin`` asks only
    where a page comes from, which is enough for whoever shows what began a call that is up. With
    ``forwarding`` what is about a call of another process is handed on to that.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        require_start: StartCheck,
        require_origin: LocalCheck,
        forwarding: Forwarding | None = None,
        ice_servers: IceServers | None = None,
    ) -> None:
        self.switchboard = switchboard
        self.forwarding = forwarding
        self.ice_servers = ice_servers or IceServers()
        self.offers = LoadedOffers(
            switchboard, forwarding.names.make if forwarding else str, self.ice_servers
        )
        self.require_origin = require_origin
        self._require_start = require_start

    async def take(self, agent: str, request: Request, body: dict[str, Any] | None = None) -> dict[str, str]:
        """Answer an offer: a new call's, or a browser's that is on one and negotiates again."""
        credential = credential_of(request)
        if self.forwarding:
            body = await self._body(agent, request, credential, body)
            if answer := await self._elsewhere(self.forwarding, OFFER, agent, body, credential):
                return answer
        known = await self._let_in(agent, request, credential)
        body = await read_body(request) if body is None else body
        plan, offers = self._planned(agent, body), await self.offers.get()
        if peer := offers.peer(agent, body, credential):
            return await offers.renegotiate(peer, body)
        if known:
            # what began one call begins another only where it may: a start token is good for one
            await self.admit(agent, request)
        parameters = parameters_in(body)
        return await offers.begin(plan, body, credential, parameters or {}, lambda: self.use(agent, request))

    async def take_candidates(
        self, agent: str, request: Request, body: dict[str, Any] | None = None
    ) -> dict[str, str]:
        """Take candidates that came late, of a browser that is on a call."""
        credential = credential_of(request)
        if self.forwarding:
            body = await self._body(agent, request, credential, body)
            if answer := await self._elsewhere(self.forwarding, CANDIDATES, agent, body, credential):
                return answer
        await self._let_in(agent, request, credential)
        body = await read_body(request) if body is None else body
        return await self.add_candidates(agent, body, credential)

    async def add_candidates(self, agent: str, body: Mapping[str, Any], credential: str) -> dict[str, str]:
        """Add the candidates in ``body`` to the call that was begun with ``credential``."""
        self.plan(agent)
        await (await self.offers.get()).add_candidates(agent, body, credential)
        return {"status": "ok"}

    async def _body(
        self, agent: str, request: Request, credential: str, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The body, which says whose the call is, and so who decides about ``credential``."""
        if credential:
            self.require_origin(request)
        else:
            await self.admit(agent, request)
        return await read_body(request) if body is None else body

    async def _elsewhere(
        self, forwarding: Forwarding, what: str, agent: str, body: Mapping[str, Any], credential: str
    ) -> dict[str, str] | None:
        """The answer of the process whose connection ``body`` names; None where that is this one, or none."""
        owner = forwarding.elsewhere(body.get("pc_id"))
        if owner is None:
            return None
        asked = {"name": agent, "body": body, "credential": credential}
        answer: dict[str, str] = await forwarding.ask(owner, what, asked)
        return answer

    async def admit(self, agent: str, request: Request) -> None:
        """Raise HTTPException unless ``request`` may begin a call of ``agent``."""
        request.path_params["agent"] = agent
        if isinstance(self._require_start, StartAccess):
            await self._require_start.check(request)
        elif waiting := self._require_start(request):
            await waiting

    async def use(self, agent: str, request: Request) -> None:
        """The same as the last step before the call of ``agent`` begins: a start token is used up by it."""
        request.path_params["agent"] = agent
        if isinstance(self._require_start, StartAccess):
            await self._require_start.use(request)

    def plan(self, agent: str) -> Plan:
        """The plan of ``agent``; an HTTPException where nobody would answer."""
        plan = self.switchboard.plans.get(agent)
        if plan is None:
            raise HTTPException(404, f"there is no agent '{agent}' here")
        if self.switchboard.closing:
            raise HTTPException(503, "the server is stopping")
        return plan

    def _planned(self, agent: str, body: Mapping[str, Any]) -> Plan:
        """The plan of ``agent``, or the edited one that ``draft`` names."""
        plan, name = self.plan(agent), body.get("draft")
        if name is None:
            return plan
        draft = self.switchboard.drafts.find(agent, name) if isinstance(name, str) else None
        if draft is None:
            raise HTTPException(410, "this draft is no longer there: check the edited spec again")
        return draft

    async def _let_in(self, agent: str, request: Request, credential: str) -> bool:
        """Raise HTTPException for a stranger; whether the request shows what began a call that is up."""
        offers = self.offers.loaded
        known = bool(credential and offers and offers.peers.knows(agent, credential))
        if known:
            self.require_origin(request)
        else:
            await self.admit(agent, request)
        return known


def parameters_in(body: Mapping[str, Any], *names: str) -> dict[str, str] | None:
    """What a body says of the user, under the first of ``names`` that it has (``requestData`` without any).

    None where it says nothing; HTTPException 400 for what can't be parameters.
    """
    for name in names or ("requestData", "request_data"):
        if name in body:
            try:
                return request_data.parameters(body[name])
            except request_data.RequestDataError as error:
                raise HTTPException(400, str(error)) from None
    return None
