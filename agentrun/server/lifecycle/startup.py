"""Starts a server from specs: load, plan, prepare, listen; and stops it again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from agentrun import logs
from agentrun.http.bound_socket import bind, host_of, inherit
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import tool_client
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.app import application
from agentrun.server.auth import call_access
from agentrun.server.auth.call_access import Access
from agentrun.server.calls import microphone_call
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.forwarding import private_routes
from agentrun.server.kubernetes import api as kubernetes_api
from agentrun.server.kubernetes.api import PodApi
from agentrun.server.kubernetes.pod_deletion_cost import PodDeletionCost
from agentrun.server.lifecycle import security_settings
from agentrun.server.lifecycle.answering import Answering, answering
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.processes import private_address
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.lifecycle.specs.edits import SpecEdits
from agentrun.server.lifecycle.specs.files import load
from agentrun.server.lifecycle.specs.reload import Reloader, stamp_of
from agentrun.server.lifecycle.specs.server_plans import make_plans, public_urls, require_servable
from agentrun.server.observability import metric_export
from agentrun.server.observability.metrics import Metrics
from agentrun.server.shared_state.ledger import Ledger
from agentrun.server.spec_editing import routes as editing_routes
from agentrun.server.spec_editing import style_routes
from agentrun.server.spec_editing.editor import Editor
from agentrun.server.twilio.outbound.dialler import Diallers
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.tools.running import plugin_loops

if TYPE_CHECKING:
    from agentrun.server.lifecycle.offline import Offline

__all__ = ["Options", "RunningServer", "load", "running_server"]


@dataclass(frozen=True)
class RunningServer:
    """A running server: its address, its agents, and how to reach them.

    ``stop_listening`` leaves what connects from now on to another server on the same socket. ``talk`` is the
    one at this machine's microphone.
    """

    url: str
    settings: ServerSettings
    switchboard: Switchboard
    diallers: Diallers
    stop_listening: Callable[[], None]
    talk: asyncio.Task[CallRecord] | None = None


@contextlib.asynccontextmanager
async def running_server(
    paths: Sequence[Path], environ: Mapping[str, str], options: Options, sock: socket.socket | None = None
) -> AsyncIterator[RunningServer]:
    """Serve the specs at ``paths`` while the block runs; at its end, calls hear a goodbye.

    ``sock`` is bound already; it is bound here otherwise. Raises SpecError, PluginError or SetupError before
    anything listens.
    """
    files = load(paths, options.overrides, options.style)
    stamps = {file.path: stamp_of(file) for file in files} if options.watch else {}
    async with contextlib.AsyncExitStack() as stack:
        sock = stack.enter_context(sock or _bound(options))
        # whom a server trusts goes by where it listens, which is not always where it was asked to
        options = replace(options, host=host_of(sock, options.host))
        access = _access(files, environ, options)
        offline = await stack.enter_async_context(_offline(files, options))
        plans = _servable(make_plans(files, environ, options, offline), options)
        ledger, private = stack.enter_context(_shared_with_others(options))
        pod = kubernetes_api.from_environment(environ) if options.pod_deletion_cost else None
        await stack.enter_async_context(plugin_loops.apart(tool_client))
        begun = answering(plans, environ, options, ledger, private_address.address_of(private))
        ready = await stack.enter_async_context(begun)
        switchboard, urls, port = ready.switchboard, public_urls(plans.values()), sock.getsockname()[1]
        settings = security_settings.settings(options, environ, ledger, switchboard.state, access, urls, port)
        tokens = security_settings.call_tokens(environ, ledger, switchboard.state)
        others = private_address.forwarding(switchboard, environ, ledger) if private else None
        web = application.make(switchboard, settings, *tokens, others)
        if private and others:
            await stack.enter_async_context(serving(private_routes.make(others), private))
        await stack.enter_async_context(_observing(ready, web.state.metrics, environ, options))
        edits = SpecEdits(switchboard, environ, options, offline, urls)
        _include_editing(web, switchboard, settings, options, edits)
        join_given_rooms = _include_daily(web, switchboard, settings)
        listening = serving(web, sock, forwarded_allow_ips=options.forwarded_allow_ips)
        stop_listening = (await stack.enter_async_context(listening)).stop_listening
        stack.push_async_callback(switchboard.close)
        web.state.diallers.base_url = url = _url(options.host, port)
        switchboard.background.start("placed calls", web.state.diallers.unheard.run)
        _tell_deletion_cost(pod, switchboard)
        if options.watch:
            reloader = Reloader(files, stamps, edits.load, edits.make, edits.put, switchboard.refused)
            switchboard.background.start("watch", reloader.watch)
        talk = _begin_own_calls(switchboard, join_given_rooms) if options.worker.is_first else None
        yield RunningServer(url, settings, switchboard, web.state.diallers, stop_listening, talk)


def _begin_own_calls(
    switchboard: Switchboard, join_given_rooms: Callable[[], None]
) -> asyncio.Task[CallRecord] | None:
    """Start the calls that need no caller, once for all workers; returns the microphone's, if any."""
    join_given_rooms()
    return microphone_call.begin(switchboard)


@contextlib.contextmanager
def _shared_with_others(options: Options) -> Iterator[tuple[Ledger | None, socket.socket | None]]:
    """The file that this server's workers share, and a socket for other processes of the service."""
    path = options.worker.ledger
    with contextlib.ExitStack() as stack:
        ledger = stack.enter_context(contextlib.closing(Ledger(path))) if path else None
        if private := private_address.private_socket(options):
            stack.callback(private.close)
        yield ledger, private


def _servable(plans: dict[str, Plan], options: Options) -> dict[str, Plan]:
    """The plans, if all can be served; their secrets are kept out of the log from now on."""
    require_servable(plans.values(), options)
    logs.protect(plan.redaction for plan in plans.values())
    return plans


def _access(files: Sequence[SpecFile], environ: Mapping[str, str], options: Options) -> Access:
    """Who may call, depending on where the server listens and on the agents' transports."""
    transports = {transport.type for file in files for transport in file.spec.transport}
    return call_access.decide(
        options.host, environ, offline=options.offline, insecure=options.insecure, transports=transports
    )


def _bound(options: Options) -> socket.socket:
    """A socket of this process, or the one that its supervisor has bound for all workers."""
    inherited = options.worker.socket_fd
    return bind(options.host, options.port) if inherited is None else inherit(inherited)


@contextlib.asynccontextmanager
async def _observing(
    ready: Answering, metrics: Metrics, environ: Mapping[str, str], options: Options
) -> AsyncIterator[None]:
    """Start the background tasks: measurements, and state shared with other machines."""
    if ready.keeping:
        metrics.follow(ready.keeping.deliverer)
        ready.keeping.writer.on_refusal(metrics.record_refused)
    metrics.measure(ready.load)
    switchboard = ready.switchboard
    switchboard.background.start("load", ready.load.watch)
    switchboard.background.start("shared state", switchboard.state.run)
    if switchboard.state.shared:
        switchboard.background.start("messages", switchboard.handover.run)
    async with contextlib.AsyncExitStack() as stack:
        if options.worker.is_first:
            await stack.enter_async_context(metric_export.exporting(metrics, environ))
        yield


def _tell_deletion_cost(pod: PodApi | None, switchboard: Switchboard) -> None:
    """Have Kubernetes delete the ``pod`` first that has the fewest calls; None where it isn't to be told."""
    if pod:
        cost = PodDeletionCost(lambda: switchboard.live, pod.annotate)
        switchboard.background.start("pod deletion cost", cost.run)


def _include_editing(
    web: FastAPI, switchboard: Switchboard, settings: ServerSettings, options: Options, edits: SpecEdits
) -> None:
    """The routes that edit specs, where the page is that uses them."""
    if call_access.is_loopback(options.host) and not settings.one_of_many and not options.dispatch:
        editor = Editor(
            edits.make,
            edits.put,
            lambda: list(switchboard.plans.values()),
            options.overrides,
            options.style,
        )
        web.include_router(editing_routes.router(switchboard, settings.local, editor))
        web.include_router(style_routes.router(switchboard, settings.local, editor))


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


def _url(host: str, port: int) -> str:
    """The server's URL on this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
