"""``agentrun doctor SPEC…``: check a deployment before it takes calls."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentrun.cli.options.shared import specs_argument
from agentrun.printable import printable

if TYPE_CHECKING:
    from agentrun.server.doctor.local_checks import Finding
    from agentrun.server.lifecycle.options import Options

_MARKS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "error": ("FAIL", "red")}


@click.command()
@specs_argument("specs")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address that the server will listen on."
)
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="Its port.")
@click.option("--public-url", help="Where Twilio will reach the server.")
@click.option(
    "--live",
    is_flag=True,
    help="Also send each provider one free request, ask MCP servers for their tools, and check that the "
    "public address of a running server exposes nothing to strangers.",
)
@click.option("--number", help="Telephone number at Twilio; by default TWILIO_FROM_NUMBER.")
@click.option("--fix", is_flag=True, help="With --live: have Twilio send the number's calls here.")
def command(
    specs: tuple[Path, ...],
    host: str,
    port: int,
    public_url: str | None,
    live: bool,
    number: str | None,
    fix: bool,
) -> int:
    """Check whether this machine can take calls for SPECS: keys, port, disk, public address, and whether the
    servers that they name on this machine and its network are up.

    Without SPECS, the specs in agents/ are checked.
    Exits with 0 if calls can come in, and with 1 if something prevents them.
    """
    from agentrun.cli.output.server_screen import quiet_logs
    from agentrun.server.lifecycle.options import Options

    quiet_logs("WARNING")
    if fix and not live:
        raise click.UsageError("--fix asks Twilio: add --live")
    findings = asyncio.run(_look(specs, Options(host, port, public_url), live=live, number=number, fix=fix))
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        click.echo(f"{click.style(f'{mark:4}', fg=colour)}  {printable(f'{finding.what}: {finding.words}')}")
        if finding.hint:
            click.echo(printable(f"      hint: {finding.hint}"))
    return 1 if any(finding.state == "error" for finding in findings) else 0


async def _look(
    specs: tuple[Path, ...], options: Options, *, live: bool, number: str | None, fix: bool
) -> list[Finding]:
    from agentrun import plugins
    from agentrun.plan import plan as planning
    from agentrun.server.doctor import (
        exposure_checks,
        local_checks,
        mcp_checks,
        near_addresses,
        provider_checks,
    )
    from agentrun.server.lifecycle.specs.files import load

    environ = dict(os.environ)
    plans = [
        planning.make(file, plugins.load(file), environ, public_url=options.public_url)
        for file in load(specs)
    ]
    findings = [*local_checks.keys(plans, environ, options.host), *local_checks.machine(Path.cwd())]
    findings += await local_checks.addresses(plans, options.host, options.port)
    findings += await near_addresses.answered(plans)
    if live:
        findings += await provider_checks.providers(plans, environ)
        findings += await exposure_checks.routes(plans)
        findings += await mcp_checks.servers(plans, environ)
        findings += await provider_checks.webhook(plans, environ, number, fix=fix)
    return findings
