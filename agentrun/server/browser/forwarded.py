"""Handles browser requests forwarded by other processes, for calls and sessions of this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse, Response

from agentrun.server.browser.offer_access import CANDIDATES, OFFER, OfferAccess
from agentrun.server.browser.offer_requests import OVER
from agentrun.server.browser.session_offers import (
    SESSION_CANDIDATES,
    SESSION_OFFER,
    SESSION_REDEEMED,
    SessionOffers,
)
from agentrun.server.forwarding.forwarding import Body, Forwarding, Handler

Answer = Callable[[Any], Awaitable[dict[str, Any]]]


def answer_others(forwarding: Forwarding, access: OfferAccess, sessions: SessionOffers) -> None:
    """Have ``forwarding`` answer offers and candidates that came to another process.

    Whoever handed one on has asked where its page comes from; here it is asked whose call it is.
    """

    async def offer(asked: Body) -> dict[str, str]:
        agent, body, credential = _parts(asked)
        access.plan(agent)
        offers = access.offers.loaded
        peer = offers and offers.peer(agent, body, credential)
        if not offers or not peer:
            raise HTTPException(410, OVER)
        return await offers.renegotiate(peer, body)

    async def candidates(asked: Body) -> dict[str, str]:
        agent, body, credential = _parts(asked)
        return await access.add_candidates(agent, body, credential)

    async def session_offer(asked: Body) -> dict[str, str]:
        session, body, _ = _parts(asked)
        return await sessions.offer(session, body)

    async def session_candidates(asked: Body) -> dict[str, str]:
        session, body, _ = _parts(asked)
        return await sessions.add_candidates(session, body)

    async def session_redeemed(asked: Body) -> dict[str, Any]:
        session, body, _ = _parts(asked)
        return await sessions.redeemed(session, body)

    forwarding.on(OFFER, _as_json(offer))
    forwarding.on(CANDIDATES, _as_json(candidates))
    forwarding.on(SESSION_OFFER, _as_json(session_offer))
    forwarding.on(SESSION_CANDIDATES, _as_json(session_candidates))
    forwarding.on(SESSION_REDEEMED, _as_json(session_redeemed))


def _parts(asked: Body) -> tuple[str, dict[str, Any], str]:
    return asked["name"], asked["body"], asked["credential"]


def _as_json(answer: Answer) -> Handler:
    async def handler(asked: Body) -> Response:
        return JSONResponse(await answer(asked))

    return handler
