"""The output of `agentrun serve`: formatted on a terminal, plain elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from agentrun.server.lifecycle.startup import RunningServer


def quiet_logs(level: str, form: Literal["text", "json"] = "text") -> None:
    """Send logs of ``level`` and above to standard error, without secrets; ``json`` is one object a line."""
    from agentrun import logs
    from agentrun.records.redaction import secrets
    from agentrun.records.redaction.redaction import Redaction

    logs.begin(level, form=form, redaction=Redaction(secrets=secrets.of(os.environ)))


@contextlib.contextmanager
def progress(text: str) -> Iterator[Callable[[], None]]:
    """Show a spinner until the block calls the function it is given, or ends."""
    console = Console(stderr=True)
    status = console.status(f"{text} …")
    if console.is_terminal:
        status.start()
    try:
        yield status.stop
    finally:
        status.stop()


def show_start(server: RunningServer) -> None:
    """Print each agent, its addresses, and what to do next."""
    from agentrun.spec.checks.required_extras import has_browser

    console = Console()
    table = Table("agent", "transport", "address", box=None, pad_edge=False, header_style="bold")
    local_page = _is_loopback(server) and has_browser() and not server.settings.dispatch
    for name, plan in server.switchboard.plans.items():
        base = server.settings.public_urls.get(name, server.url).rstrip("/")
        if plan.has_transport("twilio"):
            table.add_row(name, "twilio", escape(f"{base}/{name}/twilio/voice"))
        if any(getattr(t, "device", "") == "microphone" for t in plan.transports):
            table.add_row(name, "microphone", "speak now; use headphones")
        if plan.daily:
            table.add_row(name, "daily", escape(plan.daily.room_url or f"{base}/{name}/daily/start"))
        if local_page:
            table.add_row(name, "browser", escape(f"{server.url}/#{name}"))
    console.print(table)
    for line in _next_steps(server, local_page):
        console.print(line, highlight=False, soft_wrap=True)


def _is_loopback(server: RunningServer) -> bool:
    from agentrun.server.auth.call_access import is_loopback

    return is_loopback(server.settings.host)


def _next_steps(server: RunningServer, local_page: bool) -> Iterator[str]:
    from agentrun.distribution import command, install_extra
    from agentrun.server import dashboard
    from agentrun.server.auth.call_access import Access
    from agentrun.spec.checks.required_extras import BROWSER_MISSING

    first = next(iter(server.switchboard.plans.values()))
    name = first.spec.name
    # an IPv6 address stands in brackets, as Rich's markup does
    url = escape(server.url)
    link = f"?token={server.settings.local.token}" if server.settings.local.is_reachable else ""
    if server.settings.offline:
        yield (
            "[yellow]Offline:[/] a mock server hears, answers and speaks. There is no language model: "
            "answers are rehearsed from the spec's tests and the tools' descriptions."
        )
    if server.settings.access is Access.OPEN:
        yield "[yellow]Unsigned calls are accepted[/]: this is for this machine alone."
    if server.settings.access is Access.CLOSED:
        yield "Twilio's routes answer 403 until TWILIO_AUTH_TOKEN is set."
    if server.settings.access is Access.SIGNED and not server.settings.public_urls:
        yield "Only this machine can call: add --public-url with the address that Twilio reaches."
    if server.settings.origins and not server.settings.environ.get("AGENTRUN_API_KEY"):
        yield (
            "[yellow]--allow-origin has no effect yet[/]: pages of other sites begin calls with a token; "
            f"set AGENTRUN_API_KEY, with which `{escape(command())} token {name}` makes one."
        )
    if server.settings.dispatch:
        yield "Calls are let in here, and answered by sessions at Pipecat Cloud."
    if local_page:
        yield f"Talk:  open {url}/{link}"
        if not link and not server.settings.one_of_many:
            yield f"Edit:  open {url}/?token={server.settings.local.token}"
    elif _is_loopback(server) and not server.settings.dispatch:
        yield f"Talk:  {BROWSER_MISSING}: {escape(install_extra('browser'))}"
    if dashboard.is_open(server.settings):
        with_password = bool(server.settings.environ.get(dashboard.VARIABLE))
        yield f"Watch: open {url}/dashboard{'' if with_password else link}"
    if first.has_transport("twilio") and server.settings.access is not Access.CLOSED:
        yield f'Call:  {escape(command())} call {url}/{name}/twilio/voice --say "Hello"'
    yield "Stop:  Ctrl-C"


def show_proxy(server: RunningServer) -> None:
    """Say that others can reach the server, and how to open the page from now on."""
    if _is_loopback(server) and server.settings.local.is_reachable:
        words = "A proxy passes requests on to this server. The page asks for a token now: open"
        Console().print(
            f"{words} {server.url}/?token={server.settings.local.token}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def show_stop(server: RunningServer, seconds: float = 0.0) -> None:
    """Say that the server is stopping; calls have ``seconds`` to finish."""
    calls = server.switchboard.live
    if calls:
        what = f"Waiting up to {seconds:g} s for" if seconds else "Ending"
        Console().print(f"{what} {calls} call{'s' if calls > 1 else ''} …")
