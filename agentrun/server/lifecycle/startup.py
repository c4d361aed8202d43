"""A server from specs: load, plan, prepare, listen; and the way back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from agentrun import logs
from agentrun.errors import SetupError
from agentrun.http.bound_socket import bind, host_of, inherit
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import tool_client
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.records.redaction.redaction import Redaction
from agentrun.server.app import application
from agentrun.server.auth import call_access
from agentrun.server.calls import drafts, microphone_call
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dispatch import dispatchable
from agentrun.server.forwarding import private_routes
from agentrun.server.kubernetes import api as kubernetes_api
from agentrun.server.kubernetes.pod_deletion_cost import PodDeletionCost
from agentrun.server.lifecycle import private_address, security_settings
from agentrun.server.lifecycle.answering import Answering, answering
from agentrun.server.lifecycle.load_specs import make_plan, make_plans
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.reload import Reloader, stamp_of
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.lifecycle.spec_files import load
from agentrun.server.observability import metric_export
from agentrun.server.observability.metrics import Metrics
from agentrun.server.records import record_keeping
from agentrun.server.shared_state.ledger import Ledger
from agentrun.server.spec_editing import routes as editing_routes
from agentrun.server.spec_editing.editor import Editor
from agentrun.server.twilio.outbound.dialler import Diallers
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.tools.running import plugin_loops

if TYPE_CHECKING:
    from agentrun.server.lifecycle.offline import Offline

__all__ = ["Options", "RunningServer", "load", "make_plans", "running_server"]


@dataclass(frozen=True)
class RunningServer:
    """A server that answers: its address, its agents, and how they may be reached.

    ``talk`` is the one at this machine's microphone.
    """

    url: str
    settings: ServerSettings
    switchboard: Switchboard
    diallers: Diallers
    talk: asyncio.Task[CallRecord] | None = None


@contextlib.asynccontextmanager
async def running_server(
    paths: Sequence[Path], environ: Mapping[str, str], options: Options, sock: socket.socket | None = None
) -> AsyncIterator[RunningServer]:
    """Serve the specs at ``paths`` while the block runs; calls are told goodbye at its end.

    ``sock`` is bound already; it is bound here otherwise.

    Raises SpecError, PluginError or SetupError before anything listens.
    """
    reading = (options.overrides, options.style)
    files = load(paths, *reading)
    stamps = {file.path: stamp_of(file) for file in files} if options.watch else {}
    how, transports = {"offline": options.offline, "insecure": options.insecure}, _transports(files)
    sock = sock or _bound(options)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(sock.close)
        # whom a server trusts goes by where it listens, which is not always where it was asked to
        options = replace(options, host=host_of(sock, options.host))
        guard = call_access.decide(options.host, environ, **how, transports=transports)
        offline = await stack.enter_async_context(_offline(files, options))
        plans = _servable(make_plans(files, environ, options, offline), options)
        ledger = stack.enter_context(contextlib.closing(Ledger(options.ledger))) if options.ledger else None
        pod = kubernetes_api.from_environment(environ) if options.pod_deletion_cost else None
        await stack.enter_async_context(plugin_loops.apart(tool_client))
        if private := private_address.private_socket(options):
            stack.callback(private.close)
        begun = answering(plans, environ, options, ledger, private_address.address_of(private))
        ready = await stack.enter_async_context(begun)
        switchboard, public_urls = ready.switchboard, _public_urls(plans)
        state, port = switchboard.state, sock.getsockname()[1]
        settings = security_settings.settings(options, environ, ledger, state, guard, public_urls, port)
        tokens = security_settings.call_tokens(environ, ledger, state)
        others = private_address.forwarding(switchboard, environ, ledger) if private else None
        web = application.make(switchboard, settings, *tokens, others)
        if private and others:
            await stack.enter_async_context(serving(private_routes.make(others), private))
        _observe(ready, web.state.metrics)
        if options.worker == 0:
            await stack.enter_async_context(metric_export.exporting(web.state.metrics, environ))
        edits = _edits(environ, options, offline, switchboard, public_urls)
        _include_editing(web, switchboard, settings, options, edits)
        join_given_rooms = _include_daily(web, switchboard, settings)
        await stack.enter_async_context(serving(web, sock, forwarded_allow_ips=options.forwarded_allow_ips))
        stack.push_async_callback(switchboard.close)
        web.state.diallers.base_url = url = _url(options.host, sock.getsockname()[1])
        if pod:
            cost = PodDeletionCost(lambda: switchboard.live, pod.annotate)
            switchboard.background.start("pod deletion cost", cost.run)
        if options.watch:
            reloader = Reloader(files, stamps, lambda path: load([path], *reading)[0], *edits)
            switchboard.background.start("watch", reloader.watch)
        if options.worker == 0:
            join_given_rooms()
        talk = microphone_call.begin(switchboard) if options.worker == 0 else None
        yield RunningServer(url, settings, switchboard, web.state.diallers, talk)


def _bound(options: Options) -> socket.socket:
    """A socket of this process, or the one that its supervisor has bound for all workers."""
    return bind(options.host, options.port) if options.worker_fd is None else inherit(options.worker_fd)


def _servable(plans: dict[str, Plan], options: Options) -> dict[str, Plan]:
    """The plans, if each can be served as the options say; their secrets stay out of the log from now on."""
    if options.dispatch:
        dispatchable.require(plans.values(), options)
    _require_public_urls(plans, options.host)
    for plan in plans.values():
        record_keeping.require(plan, options)
    logs.protect(plan.redaction for plan in plans.values())
    return plans


def _observe(ready: Answering, metrics: Metrics) -> None:
    """Whatever runs beside the calls: what is measured, and what is shared with other machines."""
    if ready.keeping:
        metrics.follow(ready.keeping.deliverer)
        ready.keeping.writer.on_refusal(metrics.record_refused)
    metrics.measure(ready.load)
    switchboard = ready.switchboard
    switchboard.background.start("load", ready.load.watch)
    switchboard.background.start("shared state", switchboard.state.run)
    if switchboard.state.shared:
        switchboard.background.start("messages", switchboard.handover.run)


def _edits(
    environ: Mapping[str, str],
    options: Options,
    offline: Offline | None,
    switchboard: Switchboard,
    public_urls: dict[str, str],
) -> tuple[Callable[[SpecFile], Plan], Callable[[Plan], Awaitable[None]]]:
    """What makes a plan of an edited spec, and what takes it into use.

    The secrets of either stay out of the log, also while it is a draft.
    """
    edited: deque[Redaction] = deque(maxlen=2 * drafts.MOST)

    def protect(plan: Plan) -> None:
        edited.append(plan.redaction)
        logs.protect((*(one.redaction for one in switchboard.plans.values()), *edited))

    def make(file: SpecFile) -> Plan:
        plan = make_plan(file, environ, options, offline)
        record_keeping.require(plan, options)
        if options.dispatch:
            dispatchable.require([plan], options)
        _require_public_urls({plan.spec.name: plan}, options.host)
        protect(plan)
        return plan

    async def put(plan: Plan) -> None:
        protect(plan)
        if options.dispatch:
            switchboard.plans = {**switchboard.plans, plan.spec.name: plan}
        else:
            await switchboard.replace(plan)
        public_urls.update(_public_urls({plan.spec.name: plan}))

    return make, put


def _include_editing(
    web: FastAPI,
    switchboard: Switchboard,
    settings: ServerSettings,
    options: Options,
    edits: tuple[Callable[[SpecFile], Plan], Callable[[Plan], Awaitable[None]]],
) -> None:
    """The routes that edit specs, where the page is that uses them."""
    if call_access.is_loopback(options.host) and not settings.one_of_many and not options.dispatch:
        editor = Editor(*edits, lambda: list(switchboard.plans.values()), options.overrides, options.style)
        web.include_router(editing_routes.router(switchboard, settings.local, editor))


def _require_public_urls(plans: Mapping[str, Plan], host: str) -> None:
    """Twilio signs the address that it calls: off loopback nobody can be let in without knowing it."""
    for name, plan in plans.items():
        if plan.has_transport("twilio") and not plan.public_url and not call_access.is_loopback(host):
            raise SetupError(
                f"agent '{name}' answers Twilio on {host}, and its public address is not known",
                "add --public-url https://…, or transport: {type: twilio, public_url: https://…}",
            )


def _include_daily(web: FastAPI, switchboard: Switchboard, settings: ServerSettings) -> Callable[[], None]:
    """Daily's routes, where an agent has that transport; what is returned sends agents into given rooms."""
    if not any(plan.daily for plan in switchboard.plans.values()):
        return lambda: None
    from agentrun.server.daily import agents

    return agents.include(web, switchboard, settings).join_given_rooms


def _offline(
    files: Sequence[SpecFile], options: Options
) -> contextlib.AbstractAsyncContextManager[Offline | None]:
    """The mock server, or nothing; imported for those who ask for it."""
    if not options.offline:
        return contextlib.nullcontext()
    from agentrun.server.lifecycle.offline import Offline

    return Offline(files, elsewhere=options.mock_server)


def _transports(files: Sequence[SpecFile]) -> set[str]:
    """How people come to the agents."""
    return {transport.type for file in files for transport in file.spec.transport}


def _public_urls(plans: Mapping[str, Plan]) -> dict[str, str]:
    return {name: plan.public_url for name, plan in plans.items() if plan.public_url}


def _url(host: str, port: int) -> str:
    """Where the server is reached from this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
