"""Options of ``agentrun serve`` that concern the server rather than an agent."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from agentrun.cli.options.durations import duration_option

_COUNT = click.IntRange(1)


def authentication_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for who may start calls, and which proxies are trusted."""
    command = click.option(
        "--allow-origin",
        "origins",
        multiple=True,
        metavar="URL",
        envvar="AGENTRUN_ALLOW_ORIGIN",
        help="Web site whose pages may start calls with a token, such as https://www.example.com.",
    )(command)
    command = click.option(
        "--ice-server",
        "ice_servers",
        multiple=True,
        metavar="URL",
        envvar="AGENTRUN_ICE_SERVER",
        help="STUN or TURN server for calls from browsers, such as stun:stun.example.com:3478.",
    )(command)
    return click.option(
        "--forwarded-allow-ips",
        metavar="ADDRESSES",
        help="Proxies whose X-Forwarded headers are trusted: addresses and networks, separated by commas.",
    )(command)


def worker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--workers``, and hidden options that the supervisor passes to its workers."""
    for name, kind in (
        ("--ledger", click.Path(path_type=Path)),
        ("--worker-fd", click.INT),
        ("--supervisor-fd", click.INT),
    ):
        command = click.option(name, type=kind, hidden=True)(command)
    command = click.option("--worker", type=click.INT, default=0, hidden=True)(command)
    return click.option(
        "--workers",
        type=_COUNT,
        default=1,
        show_default=True,
        help="Number of processes that answer calls on one port.",
    )(command)


class _Days(click.ParamType[float]):
    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            days = float(str(value).strip().removesuffix("d"))
        except ValueError:
            days = 0.0
        if not 0 < days < math.inf:
            return self.fail(f"{value!r} is not a number of days above 0: write 30d", param, ctx)
        return days


class _MostCalls(click.ParamType[Any]):
    name = "calls"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in ("auto", "none") or (isinstance(value, int) and not isinstance(value, bool)):
            return value if value in ("auto", "none") else _COUNT.convert(value, param, ctx)
        if str(value).isdecimal():
            return _COUNT.convert(value, param, ctx)
        return self.fail(f"'{value}' is not a number from 1 on, auto or none", param, ctx)


def most_calls(asked: Any, host: str, dispatch: str | None = None) -> Any:
    """What ``--max-calls`` means for a server on ``host``: a number, ``auto``, or None for any number.

    A server whose calls are answered elsewhere (``dispatch``) has no load of theirs to go by.

    >>> most_calls(None, "127.0.0.1"), most_calls(None, "0.0.0.0"), most_calls("none", "0.0.0.0")
    (None, 'auto', None)
    """
    from agentrun.server.auth.call_access import is_loopback

    bound = asked or ("none" if dispatch or is_loopback(host) else "auto")
    return None if bound == "none" else bound


def admission_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How many calls the server's agents accept altogether."""
    for name, words in (
        ("--max-calls-per-minute", "New calls per minute, over all agents."),
        ("--max-calls-per-caller", "Concurrent calls from one number, over all agents."),
    ):
        command = click.option(name, type=_COUNT, help=words)(command)
    return click.option(
        "--max-calls",
        type=_MostCalls(),
        metavar="N|auto|none",
        help="Concurrent calls over all agents: a number, as many as the server can carry (auto), or no "
        "limit (none). auto by default, none on a loopback host.",
    )(command)


def balancer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for a server that is one of several behind a load balancer."""
    command = click.option(
        "--when-full",
        type=click.Choice(["busy", "503"]),
        default="busy",
        show_default=True,
        help="Answer to Twilio when this machine is full or stopping: a busy message, or 503 for a load "
        "balancer.",
    )(command)
    command = click.option(
        "--capacity",
        type=_COUNT,
        help="Concurrent calls that this machine can carry; more are refused, and /ready is 503.",
    )(command)
    command = click.option(
        "--pod-deletion-cost",
        is_flag=True,
        help="In a Kubernetes pod: keep its annotation pod-deletion-cost at its number of calls.",
    )(command)
    command = click.option(
        "--private-host",
        metavar="HOST",
        help="Address at which servers that share state with this one forward requests about its calls, such "
        "as 10.0.0.11.",
    )(command)
    return duration_option(
        "--lame-duck", "How long calls are still accepted after SIGTERM, while /ready is already 503.", "0s"
    )(command)


def dispatch_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--dispatch``: where the admitted calls are answered, if not here."""
    return click.option(
        "--dispatch",
        type=click.Choice(["pipecat-cloud"]),
        help="Admit calls here, and start a session there for each; needs PIPECAT_CLOUD_PUBLIC_KEY.",
    )(command)


def shared_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--shared``: where servers keep the state that they share."""
    return click.option(
        "--shared",
        metavar="URL",
        envvar="AGENTRUN_SHARED",
        help="Database in which servers share limits and tokens: postgresql+psycopg://…, sqlite:///… for "
        "servers on this machine, or none. By default that of --records, if it is PostgreSQL.",
    )(command)


def record_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where call records are kept, and for how long."""
    command = click.option(
        "--keep-records",
        metavar="DAYS",
        type=_Days(),
        help="How many days call records are kept: 30d or 30; by default forever.",
    )(command)
    return records_option(command)


def records_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--records``, for commands that write call records and commands that read them."""
    return click.option(
        "--records",
        envvar="AGENTRUN_RECORDS",
        default="sqlite:///agentrun-calls.sqlite3",
        show_default=True,
        metavar="URL",
        help="Database of call records: sqlite:///…, postgresql+psycopg://…, or none.",
    )(command)


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is logged, and how."""
    command = click.option(
        "--log-format",
        default="text",
        show_default=True,
        type=click.Choice(["text", "json"]),
        help="Log format; json is one object per line, with the call's id.",
    )(command)
    return click.option(
        "--log-level",
        default="WARNING",
        show_default=True,
        type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
        help="Lowest level that is logged.",
    )(command)
