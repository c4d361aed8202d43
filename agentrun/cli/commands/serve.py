"""``agentrun serve SPEC…``: answer calls."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options import shared
from agentrun.cli.options.config_file import config_option
from agentrun.cli.options.durations import duration_option
from agentrun.cli.options.server import (
    admission_options,
    authentication_options,
    balancer_options,
    dispatch_option,
    log_options,
    most_calls,
    record_options,
    shared_option,
    worker_options,
)
from agentrun.garbage_collection import without_garbage_collection

if TYPE_CHECKING:
    from agentrun.server.lifecycle.options import Options
    from agentrun.server.lifecycle.startup import RunningServer


@click.command(context_settings={"auto_envvar_prefix": "AGENTRUN"})
@shared.specs_argument("specs")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--public-url", help="Where Twilio reaches this server, such as https://voice.example.com.")
@click.option("--offline", is_flag=True, help="Use a mock model server: no network and no keys.")
@click.option(
    "--mock-server",
    "--stand-in",
    "mock_server",
    metavar="URL",
    default="",
    help="Like --offline, with the mock server that `agentrun simulate` runs at URL.",
)
@click.option(
    "--insecure",
    is_flag=True,
    help="Accept unsigned calls and streams from simulators; on a loopback host only.",
)
@click.option(
    "--eval",
    "evals",
    is_flag=True,
    envvar="AGENTRUN_EVAL",
    help="Also accept `pipecat eval run`, on loopback.",
)
@click.option(
    "--watch", is_flag=True, help="Reload edited specs, prompts and plugins; they apply from the next call."
)
@config_option
@admission_options
@authentication_options
@duration_option("--drain", "How long calls may go on after SIGTERM; a second signal ends them.", "5m")
@balancer_options
@dispatch_option
@record_options
@shared_option
@worker_options
@shared.override_options
@log_options
def command(specs: tuple[Path, ...], drain: float, lame_duck: float, workers: int, **given: Any) -> int:
    """Check SPECS, build their pipelines, and answer calls until Ctrl-C or SIGTERM.

    Without SPECS, the specs in agents/ are served.
    Options can also be set as environment variables, such as AGENTRUN_PORT for --port, and in agentrun.toml:
    `port = 7860`.
    """
    if (supervisor := given.pop("supervisor_fd")) is not None:
        from agentrun.server.lifecycle.processes.supervisor_tie import end_with_supervisor

        end_with_supervisor(supervisor)
    with without_garbage_collection():
        from agentrun.cli.output.server_screen import quiet_logs
        from agentrun.server.lifecycle import name_lookups

        form = given.pop("log_format")
        quiet_logs(given.pop("log_level"), form)
        sock = _begin(specs, given, form)
        name_lookups.widen(os.environ)
        options = _options(given, workers)

    if workers > 1 and options.pod_deletion_cost:
        raise click.UsageError("--pod-deletion-cost counts the calls of one process: leave out --workers")
    if workers > 1 and options.worker.socket_fd is None:
        return asyncio.run(_supervise(workers, sock, options.shared, options.records))
    with without_garbage_collection():
        import uvloop

        import agentrun.server.lifecycle.startup  # noqa: F401 - seconds, which Ctrl-C ends outside of a loop
    return uvloop.run(_serve(specs, options, drain, lame_duck, sock))


def _options(given: dict[str, Any], workers: int) -> Options:
    """The server's options; does not import Pipecat, so that a supervisor of workers never loads it."""
    from agentrun.server.admission.limits import Limits
    from agentrun.server.lifecycle.options import Options, Worker

    limits = Limits(
        most_calls(given.pop("max_calls"), given["host"], given["dispatch"]),
        *(given.pop(name) for name in ("max_calls_per_caller", "max_calls_per_minute")),
    )
    records = given.pop("records")
    store = None if records == "none" else records
    given["offline"] = given["offline"] or bool(given["mock_server"])
    if given["capacity"]:
        # connections are divided among the workers by chance
        given["capacity"] = math.ceil(given["capacity"] / workers)
    worker = Worker(given.pop("worker"), workers, given.pop("worker_fd"), given.pop("ledger"))
    return Options(**given, worker=worker, limits=limits, records=store, webhooks=True)


def _begin(specs: tuple[Path, ...], given: dict[str, Any], form: str) -> socket.socket:
    """Check specs, keys and the store, bind the port, and announce the start, before loading anything.

    Returns the server's socket; a worker inherits it. With socket activation by systemd, the activated
    socket's address is used, whatever --host and --port say.
    """
    from agentrun.http import activated_socket
    from agentrun.http.bound_socket import bind, host_of, inherit
    from agentrun.server.lifecycle import preflight

    if given["worker_fd"] is not None:
        sock = inherit(given["worker_fd"])
        given["host"], given["port"] = host_of(sock, given["host"]), sock.getsockname()[1]
        return sock
    keys = not (given["offline"] or given["mock_server"] or given["dispatch"])
    settings = {key: given[key] for key in ("style", "overrides")}
    names = preflight.examine(specs, os.environ, keys=keys, **settings)
    if given["records"] != "none":
        preflight.require_store(given["records"])
    sock = activated_socket.take(os.environ) or bind(given["host"], given["port"])
    given["host"], given["port"] = host_of(sock, given["host"]), sock.getsockname()[1]
    if given["dispatch"]:
        from agentrun.server.dispatch import pipecat_cloud

        pipecat_cloud.settings(os.environ)
    begun = f"Starting {', '.join(names)} on port {sock.getsockname()[1]} …"
    if form == "json":
        from loguru import logger

        logger.info(begun)
    else:
        click.echo(begun, err=True)
    return sock


async def _supervise(number: int, sock: socket.socket, shared_state: str | None, records: str | None) -> int:
    from agentrun.cli.input.ctrl_c import stopping
    from agentrun.server.lifecycle.processes.workers import Workers

    with stopping() as stop, tempfile.TemporaryDirectory(prefix="agentrun-") as folder, sock:
        started = sys.argv[1:], dict(os.environ), sock, Path(folder)
        return await Workers(number, *started, shared_state, records).run(stop)


async def _serve(
    specs: tuple[Path, ...], options: Options, drain: float, lame_duck: float, sock: socket.socket
) -> int:
    from agentrun.cli.input.ctrl_c import ending_a_start, stopping
    from agentrun.cli.output import server_screen
    from agentrun.server.lifecycle import freed_memory, readiness
    from agentrun.server.lifecycle.drain import REPLACED_SECONDS, cut_when, leave
    from agentrun.server.lifecycle.startup import running_server

    manager = readiness.take(os.environ)
    with stopping() as stop, server_screen.progress("Loading") as done:
        async with contextlib.AsyncExitStack() as stack:
            starting = running_server(specs, dict(os.environ), options, sock)
            async with ending_a_start(stop):
                with without_garbage_collection(), readiness.prolonged(manager):
                    server = await stack.enter_async_context(starting)
                    freed_memory.give_back()
            done()
            if options.worker.is_first:
                server_screen.show_start(server)
            server.settings.local.on_seen(lambda: server_screen.show_proxy(server))
            readiness.tell(manager)
            # if the server was stopped during its start, no load balancer has seen it yet
            was_seen = not stop.asked.is_set()
            replacing = asyncio.create_task(_leave_socket(stop.replaced, server))
            await _wait(stop.asked, server)
            if stop.replaced.is_set():
                lame_duck = max(lame_duck, REPLACED_SECONDS)
            server_screen.show_stop(server, drain if stop.gently else 0.0)
            cutting = asyncio.create_task(cut_when(stop.now, server.switchboard))
            if stop.gently:
                await leave(server.switchboard, drain, stop.now, lame_duck if was_seen else 0.0)
        cutting.cancel()
        replacing.cancel()
    return 0


async def _leave_socket(replaced: asyncio.Event, server: RunningServer) -> None:
    """Stop listening once another server has taken over the socket."""
    await replaced.wait()
    server.stop_listening()


async def _wait(stop: asyncio.Event, server: RunningServer) -> None:
    """Wait for Ctrl-C, or, if the microphone is the only transport, for the end of its conversation."""
    stopped = asyncio.create_task(stop.wait())
    plans = server.switchboard.plans.values()
    alone = all(getattr(t, "device", "") == "microphone" for plan in plans for t in plan.transports)
    waited_for: set[asyncio.Task[object]] = {stopped}
    if alone and server.talk:
        waited_for.add(server.talk)
    await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
