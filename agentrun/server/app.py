"""The ASGI application: every route, and what holds for all of them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from agentrun import __version__
from agentrun.server import (
    api_key,
    browser_routes,
    dashboard,
    dial_routes,
    health_routes,
    metrics,
    record_routes,
)
from agentrun.server.access import is_loopback
from agentrun.server.bounds import Bounds
from agentrun.server.dialling import Diallers
from agentrun.server.metrics import Metrics
from agentrun.server.settings import ServerSettings
from agentrun.server.switchboard import Switchboard
from agentrun.server.tokens import StreamTokens
from agentrun.server.twilio_routes import TwilioRoutes


def make(switchboard: Switchboard, settings: ServerSettings, tokens: StreamTokens | None = None) -> FastAPI:
    """The application for ``switchboard``; page, records and evals are for loopback hosts."""

    app = FastAPI(title="agentrun", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)

    app.include_router(health_routes.router(switchboard))
    app.state.metrics = Metrics(switchboard)
    app.include_router(metrics.router(app.state.metrics, settings))
    local = is_loopback(settings.host)
    guard = api_key.require_start(settings)
    if not settings.one_of_many:
        app.include_router(browser_routes.router(switchboard, guard, page_too=local))
    if local:
        app.include_router(record_routes.router(switchboard))
        if settings.evals:
            from agentrun.server import eval_routes

            app.include_router(eval_routes.router(switchboard))
    if dashboard.is_open(settings):
        app.include_router(dashboard.router(switchboard, settings))
    diallers = Diallers(switchboard, settings)
    twilio = TwilioRoutes(switchboard, settings, tokens or StreamTokens(), diallers)
    app.include_router(twilio.router())
    if not settings.one_of_many:
        app.include_router(dial_routes.router(switchboard, settings, diallers, twilio.is_signed))
    app.state.diallers = diallers
    app.add_middleware(Bounds)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.origins),
            allow_methods=["POST", "PATCH"],
            allow_headers=["authorization", "content-type"],
        )
    return app
