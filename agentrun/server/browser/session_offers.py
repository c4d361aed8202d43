"""Offers of sessions started by ``/start``, which are authorized by their session id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import HTTPException, Request

from agentrun.plan.plan import Plan
from agentrun.server.browser.offer_access import OfferAccess, parameters_in
from agentrun.server.browser.offer_requests import read_body
from agentrun.server.browser.sessions import Sessions, Started

SESSION_OFFER = "session-offer"
SESSION_CANDIDATES = "session-candidates"
SESSION_REDEEMED = "session-redeemed"
_OWN_TRANSPORTS = (None, "webrtc", "smallwebrtc", "websocket")
_NO_SESSION = "there is no such session, or it is over: start one"
_LONGEST_NAME = 512

Answerer = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, str]]]
"""It answers for a session, by its name and the body of a request; it raises HTTPException."""


class SessionOffers:
    """Begins the calls of sessions, and negotiates them again; each is at the process that started it."""

    def __init__(self, access: OfferAccess) -> None:
        self._access = access
        self._forwarding = access.forwarding
        self._sessions = Sessions(self._forwarding.names.make if self._forwarding else str)

    def start(self, agent: str, body: Mapping[str, Any]) -> str:
        """A new session's name; raises HTTPException."""
        self._access.plan(agent)
        if body.get("transport") not in _OWN_TRANSPORTS:
            raise HTTPException(400, "`transport` is webrtc, websocket or daily")
        return self._sessions.start(agent, parameters_in(body, "body") or {})

    async def take(self, session: str, request: Request) -> dict[str, str]:
        """Answer an offer here, or where the session is."""
        return await self._here_or_there(SESSION_OFFER, self.offer, session, request)

    async def take_candidates(self, session: str, request: Request) -> dict[str, str]:
        """Take candidates that came late, here or where the session is."""
        return await self._here_or_there(SESSION_CANDIDATES, self.add_candidates, session, request)

    async def offer(self, session: str, body: Mapping[str, Any]) -> dict[str, str]:
        """The answer to an offer of a session that was started here; raises HTTPException."""
        started = self._sessions.find(session)
        if started is None:
            return await self._answer(session, body, None)
        # one that is sent twice, for its answer was lost or late, waits for the first, and is on its call
        async with started.busy:
            return await self._answer(session, body, self._sessions.find(session))

    async def _answer(self, session: str, body: Mapping[str, Any], started: Started | None) -> dict[str, str]:
        access, credential = self._access, _credential(session)
        offers = access.offers.loaded
        if offers and (peer := offers.peers.of(credential)):
            access.plan(peer.agent)
            # without a name the answer to its offer was lost: it is on its call, with another connection
            named = offers.peer(peer.agent, body, credential)
            return await offers.renegotiate(named or peer, body, restart=named is None)
        if started is None:
            raise HTTPException(404, _NO_SESSION)
        self._sessions.count(session)
        plan = access.plan(started.agent)
        parameters = parameters_in(body)
        offers = await access.offers.get()

        async def use() -> None:
            if self._sessions.use(session) is None:
                raise HTTPException(404, _NO_SESSION)

        return await offers.begin(plan, body, credential, parameters or started.parameters, use)

    async def redeem(self, session: str, *, use: bool) -> tuple[Plan, Mapping[str, str]]:
        """Whom a session is with and what its page said, wherever it was started; HTTPException for none.

        With ``use`` its call begins in this process, now.
        """
        owner = self._forwarding and self._forwarding.elsewhere(session)
        if owner and self._forwarding:
            asked = {"name": session, "body": {"use": use}, "credential": ""}
            found = await self._forwarding.ask(owner, SESSION_REDEEMED, asked)
        else:
            found = await self.redeemed(session, {"use": use})
        return self._access.plan(found["agent"]), found["parameters"]

    async def redeemed(self, session: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a session that was started here, for whichever process holds its call."""
        self._sessions.count(session)
        started = self._sessions.use(session) if body.get("use") else self._sessions.find(session)
        if started is None:
            raise HTTPException(404, _NO_SESSION)
        return {"agent": started.agent, "parameters": dict(started.parameters)}

    def forget(self, session: str) -> None:
        """A session that was not started after all."""
        self._sessions.use(session)

    async def add_candidates(self, session: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Add candidates to the call of a session that is up here; raises HTTPException."""
        credential, offers = _credential(session), self._access.offers.loaded
        peer = offers and offers.peers.of(credential)
        if not offers or not peer:
            raise HTTPException(404, _NO_SESSION)
        await offers.add_candidates(peer.agent, body, credential)
        return {"status": "ok"}

    async def _here_or_there(
        self, what: str, here: Answerer, session: str, request: Request
    ) -> dict[str, str]:
        """What ``here`` answers for a session that was started in this process, or what another one does."""
        self._access.require_origin(request)
        if answer := await self._elsewhere(what, session, request):
            return answer
        if not self._is_known(session):
            raise HTTPException(404, _NO_SESSION)
        return await here(session, await read_body(request))

    def _is_known(self, session: str) -> bool:
        offers = self._access.offers.loaded
        return session in self._sessions or bool(offers and offers.peers.of(_credential(session)))

    async def _elsewhere(self, what: str, session: str, request: Request) -> dict[str, str] | None:
        """The answer of the process that started ``session``; None where that is this one, or none."""
        owner = self._forwarding and self._forwarding.elsewhere(session)
        if not owner or not self._forwarding:
            return None
        asked = {"name": session, "body": await read_body(request), "credential": ""}
        answer: dict[str, str] = await self._forwarding.ask(owner, what, asked)
        return answer


def _credential(session: str) -> str:
    return f"session {session[:_LONGEST_NAME]}"
