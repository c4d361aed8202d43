"""A server from specs: load, plan, prepare, listen; and the way back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from agentrun import plan as planning
from agentrun import plugins, spec
from agentrun.errors import Problem, SetupError, SpecError
from agentrun.listening import bind, listening
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.record import CallRecord
from agentrun.server import access, app, microphone_talk
from agentrun.server.admission import Admission, Limits
from agentrun.server.dialling import Diallers
from agentrun.server.offline import Offline
from agentrun.server.settings import ServerSettings
from agentrun.server.switchboard import Switchboard
from agentrun.spec.file import SpecFile


@dataclass(frozen=True)
class Options:
    """What `agentrun serve` was asked for; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 7860
    public_url: str | None = None
    offline: bool = False
    insecure: bool = False
    style: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()
    evals: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Running:
    """A server that answers: its address, its agents, and how they may be reached.

    ``talk`` is the one at this machine's microphone.
    """

    url: str
    settings: ServerSettings
    switchboard: Switchboard
    diallers: Diallers
    talk: asyncio.Task[CallRecord] | None = None


@contextlib.asynccontextmanager
async def running(
    paths: Sequence[Path], environ: Mapping[str, str], options: Options
) -> AsyncIterator[Running]:
    """Serve the specs at ``paths`` while the block runs; calls are told goodbye at its end.

    Raises SpecError, PluginError or SetupError before anything listens.
    """
    files = load(paths, options)
    guard = access.decide(
        options.host,
        environ,
        offline=options.offline,
        insecure=options.insecure,
        twilio=not _only_daily(files),
    )
    sock = bind(options.host, options.port)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(sock.close)
        offline = await stack.enter_async_context(Offline(files)) if options.offline else None
        plans = make_plans(files, environ, options, offline)
        _require_public_urls(plans, options.host)
        resources = await stack.enter_async_context(Resources())
        await asyncio.to_thread(resources.warm)
        switchboard = Switchboard(plans, resources, Admission(options.limits))
        await switchboard.prepare()
        settings = ServerSettings(
            options.host,
            guard,
            environ,
            _public_urls(plans),
            offline=options.offline,
            evals=options.evals,
        )
        web = app.make(switchboard, settings)
        join_given_rooms = _include_daily(web, switchboard, settings)
        await stack.enter_async_context(listening(web, sock))
        stack.push_async_callback(switchboard.close)
        join_given_rooms()
        host, port = sock.getsockname()[:2]
        url = f"http://{_as_url_host(options.host, host)}:{port}"
        web.state.diallers.base_url = url
        talk = microphone_talk.begin(switchboard)
        yield Running(url, settings, switchboard, web.state.diallers, talk)


def load(paths: Sequence[Path], options: Options) -> list[SpecFile]:
    """All specs, or every problem of all of them; two agents with one name are a problem."""
    files: list[SpecFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(spec.load(path, options.overrides, options.style))
        except SpecError as error:
            problems.extend(error.problems)
    seen: dict[str, SpecFile] = {}
    for file in files:
        first = seen.setdefault(file.spec.name, file)
        if first is not file:
            message = f"'{file.spec.name}' is also the name of {first.path}"
            problems.append(file.problem(("name",), message, "give each agent a name of its own"))
    if problems:
        raise SpecError(problems)
    return files


def make_plans(
    files: Sequence[SpecFile], environ: Mapping[str, str], options: Options, offline: Offline | None
) -> dict[str, Plan]:
    """A plan for each agent, by name; raises SetupError when a key is missing."""
    plans = {}
    for file in files:
        tools = plugins.load(file)
        env = {**environ, **offline.environ(file.spec.name)} if offline else environ
        plan = planning.make(file, tools, env, offline=options.offline, public_url=options.public_url)
        plan.require_keys()
        plans[file.spec.name] = plan
    if not plans:
        raise SetupError("no spec was given", "agentrun serve agents/ncaa.yaml")
    return plans


def _require_public_urls(plans: Mapping[str, Plan], host: str) -> None:
    """Twilio signs the address that it calls: off loopback nobody can be let in without knowing it."""
    for name, plan in plans.items():
        if plan.has_transport("twilio") and not plan.public_url and not access.is_loopback(host):
            raise SetupError(
                f"agent '{name}' answers Twilio on {host}, and its public address is not known",
                "add --public-url https://…, or transport: {type: twilio, public_url: https://…}",
            )


def _include_daily(web: FastAPI, switchboard: Switchboard, settings: ServerSettings) -> Callable[[], None]:
    """Daily's routes, where an agent has that transport; what is returned sends agents into given rooms."""
    if not any(plan.daily for plan in switchboard.plans.values()):
        return lambda: None
    from agentrun.server import daily

    return daily.include(web, switchboard, settings).join_given_rooms


def _only_daily(files: Sequence[SpecFile]) -> bool:
    """Whether people come over Daily and nobody over Twilio."""
    kinds = {transport.type for file in files for transport in file.spec.transport}
    return "daily" in kinds and "twilio" not in kinds


def _public_urls(plans: Mapping[str, Plan]) -> dict[str, str]:
    return {name: plan.public_url for name, plan in plans.items() if plan.public_url}


def _as_url_host(asked: str, bound: str) -> str:
    host = asked if asked == "localhost" else bound
    return f"[{host}]" if ":" in host else host
