"""The ASGI application with all its routes."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

from agentrun import __version__
from agentrun.server import dashboard
from agentrun.server.app import health_routes
from agentrun.server.app.request_limits import RequestLimits
from agentrun.server.auth import api_key, local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.auth.local_only import LocalCheck
from agentrun.server.browser import availability
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard.sound import live_stream, sound_elsewhere
from agentrun.server.dispatch import pipecat_cloud
from agentrun.server.dispatch.dispatcher import Dispatcher
from agentrun.server.forwarding.forwarding import Forwarding
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.observability import metrics
from agentrun.server.observability.metrics import Metrics
from agentrun.server.records import routes as record_routes
from agentrun.server.twilio import resume_routes, transfer_routes
from agentrun.server.twilio.action_tokens import ActionTokens
from agentrun.server.twilio.outbound import routes as outbound_routes
from agentrun.server.twilio.outbound.dialler import Diallers
from agentrun.server.twilio.routes import TwilioRoutes
from agentrun.server.twilio.stream_tokens import StreamTokens
from agentrun.server.twilio.webhook import Webhooks
from agentrun.spec.checks.required_extras import has_browser


def make(
    switchboard: Switchboard,
    settings: ServerSettings,
    tokens: StreamTokens | None = None,
    actions: ActionTokens | None = None,
    forwarding: Forwarding | None = None,
) -> FastAPI:
    """The application for ``switchboard``; page, records and evals are for loopback hosts.

    ``forwarding`` reaches the other processes of the server, where there are some.
    """

    app = FastAPI(title="agentrun", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    # a redirect would name the Host that a stranger sent, before anybody is asked who they are
    app.router.redirect_slashes = False

    app.include_router(health_routes.router(switchboard, settings))
    app.state.metrics = Metrics(switchboard)
    app.state.metrics.share(switchboard.state)
    switchboard.resources.model_watcher = app.state.metrics.models
    app.include_router(metrics.router(app.state.metrics, settings))
    require_local = local_only.require(settings.local) if is_loopback(settings.host) else None
    if not settings.dispatch:
        app.include_router(_browser(switchboard, settings, require_local, forwarding))
    if require_local:
        dashboard.write_errors(app)
        app.include_router(record_routes.router(switchboard, settings.local))
        if settings.evals:
            from agentrun.server.app import eval_routes

            app.include_router(eval_routes.router(switchboard, require_local))
    if dashboard.is_open(settings):
        app.include_router(dashboard.router(switchboard, settings, forwarding))
    if forwarding:
        sound_elsewhere.answer_others(forwarding, switchboard.records)
        live_stream.answer_others(forwarding, switchboard)
    _include_telephone(app, switchboard, settings, tokens or StreamTokens(), actions)
    app.add_middleware(RequestLimits)
    app.add_middleware(local_only.NoteProxies, local=settings.local)
    if settings.origins:
        _let_pages_start_calls(app, sorted(settings.origins))
    return app


def _let_pages_start_calls(app: FastAPI, origins: list[str]) -> None:
    """Let browsers send start tokens from pages of other sites, those at ``origins``."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["POST", "PATCH"],
        allow_headers=["authorization", "content-type"],
    )


def _include_telephone(
    app: FastAPI,
    switchboard: Switchboard,
    settings: ServerSettings,
    tokens: StreamTokens,
    actions: ActionTokens | None,
) -> None:
    """Twilio's routes; what places calls is the application's ``state.diallers``."""
    diallers, webhooks = Diallers(switchboard, settings), Webhooks(settings)
    dispatcher = _dispatcher(switchboard, settings, app.state.metrics)
    twilio = TwilioRoutes(
        switchboard,
        settings,
        tokens,
        diallers=diallers,
        webhooks=webhooks,
        count_refused=app.state.metrics.stream_refused,
        dispatcher=dispatcher,
        actions=actions,
    )
    app.include_router(twilio.router())
    actions = twilio.streams.actions
    app.include_router(transfer_routes.router(switchboard, webhooks, actions, twilio.streams.come_back))
    if not dispatcher:
        connect = twilio.connect_again
        app.include_router(resume_routes.router(switchboard, settings, webhooks, actions, connect))
        app.include_router(outbound_routes.router(switchboard, settings, diallers, webhooks))
    app.state.diallers = diallers


def _dispatcher(switchboard: Switchboard, settings: ServerSettings, counted: Metrics) -> Dispatcher | None:
    """What has calls answered elsewhere, or None; raises SetupError where its key is missing."""
    if settings.dispatch is None:
        return None
    cloud = pipecat_cloud.from_environment(settings.environ)
    return Dispatcher(switchboard, cloud, counted.dispatched)


def _browser(
    switchboard: Switchboard,
    settings: ServerSettings,
    require_local: LocalCheck | None,
    forwarding: Forwarding | None,
) -> APIRouter:
    """The page and its calls, or what to install for them."""
    if not has_browser():
        return availability.explanation(require_local)
    from agentrun.server.browser import routes

    start, origin = api_key.require_start(settings), api_key.require_origin(settings)
    return routes.router(switchboard, start, require_local, origin, forwarding, settings.ice_servers)
