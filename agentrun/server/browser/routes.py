"""The page's routes: the page itself, the list of agents, and the offer that begins a talk."""

from __future__ import annotations

import asyncio
import importlib
import json
import secrets
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from agentrun.plan.plan import Plan
from agentrun.server.auth.local_only import LocalCheck, require_address
from agentrun.server.browser import page
from agentrun.server.calls.switchboard import Switchboard

if TYPE_CHECKING:
    from agentrun.server.browser.offers import Offers

MOST_OFFER_BYTES = 64 * 1024
_OFFERS = "agentrun.server.browser.offers"


def router(
    switchboard: Switchboard,
    require_start: Callable[[Request], Awaitable[None] | None] = require_address,
    require_local: LocalCheck | None = require_address,
) -> APIRouter:
    """The page and the list of agents, for whom ``require_local`` lets in, and not at all without it; the
    offer, for whom ``require_start`` lets in."""
    routes = APIRouter()
    if require_local:
        routes.include_router(_page(switchboard), dependencies=[Depends(require_local)])
    offers = _Loaded(switchboard)

    @routes.post("/{agent}/browser/offer", dependencies=[Depends(require_start)])
    async def offer(agent: str, request: Request) -> dict[str, str]:
        body = await _body(request)
        plan = _plan(switchboard, agent)
        return await (await offers.get()).answer(plan, body)

    @routes.patch("/{agent}/browser/offer", dependencies=[Depends(require_start)])
    async def candidates(agent: str, request: Request) -> dict[str, str]:
        _plan(switchboard, agent)
        body = await _body(request)
        await (await offers.get()).take_candidates(body)
        return {"status": "ok"}

    return routes


class _Loaded:
    """What talks WebRTC.

    It is loaded at once where an agent is for browsers, else in a thread, at the first offer.
    """

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._lock = asyncio.Lock()
        self._offers: Offers | None = None
        kinds = {one.type for plan in switchboard.plans.values() for one in plan.spec.transport}
        if "local" in kinds:
            self._take(importlib.import_module(_OFFERS))

    async def get(self) -> Offers:
        """The same for all offers."""
        async with self._lock:
            if self._offers is None:
                self._take(await asyncio.to_thread(importlib.import_module, _OFFERS))
        assert self._offers is not None  # noqa: S101
        return self._offers

    def _take(self, module: ModuleType) -> None:
        self._offers = module.Offers(self._switchboard)


def _page(switchboard: Switchboard) -> APIRouter:
    routes = APIRouter()

    @routes.get("/")
    async def show() -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(page.html(nonce), headers=page.headers(nonce))

    @routes.get("/agents")
    async def agents() -> list[dict[str, str]]:
        return [
            {
                "name": name,
                "description": plan.spec.description,
                "transport": ", ".join(transport.type for transport in plan.spec.transport),
                "style": plan.spec.pipeline.style,
            }
            for name, plan in switchboard.plans.items()
        ]

    return routes


def _plan(switchboard: Switchboard, agent: str) -> Plan:
    """The plan of ``agent``; an HTTPException where nobody would answer."""
    plan = switchboard.plans.get(agent)
    if plan is None:
        raise HTTPException(404, f"there is no agent '{agent}' here")
    if switchboard.closing:
        raise HTTPException(503, "the server is stopping")
    return plan


async def _body(request: Request) -> dict[str, Any]:
    """A JSON object of bounded size."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_OFFER_BYTES:
            raise HTTPException(413, "an offer has at most 64 KiB")
    try:
        body = json.loads(raw)
    except (RecursionError, ValueError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body
