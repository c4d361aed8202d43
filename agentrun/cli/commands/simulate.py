"""``agentrun simulate``: run the mock OpenAI server for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentrun.cli.options.shared import latency_option

if TYPE_CHECKING:
    from agentrun.simulate.faults import Fault, Route
    from agentrun.simulate.openai import OpenAIServer
    from agentrun.spec.models.agent import AgentSpec

Faults = dict["Route", "Fault"]


def _faults(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> Faults:
    from agentrun.simulate.faults import parse

    try:
        return dict(parse(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option(
    "--port", default=9100, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--spec",
    "specs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Answer from the tests of this spec; repeatable.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="ROUTE:FAULT",
    callback=_faults,
    help="Inject a fault: speech:cut, chat:429*2 (twice), realtime:drop@20 (after 20 events).",
)
@latency_option
def command(port: int, specs: tuple[Path, ...], faults: Faults, latencies: dict[Route, float]) -> int:
    """Run the mock OpenAI server on a loopback port until Ctrl-C.

    Speech to text and text to speech are bundled models. There is no language model: answers are rehearsed
    from the tests and tools of the specs.
    """
    import asyncio

    from agentrun.cli.output.server_screen import quiet_logs
    from agentrun.spec.loading.load import load

    quiet_logs("WARNING")
    return asyncio.run(_run(port, [load(path).spec for path in specs], faults, latencies))


async def _run(port: int, specs: Sequence[AgentSpec], faults: Faults, latencies: dict[Route, float]) -> int:
    from agentrun.cli.input.ctrl_c import interrupted
    from agentrun.cli.output.server_screen import progress
    from agentrun.simulate.engines.engines import load_offline
    from agentrun.simulate.openai import OpenAIServer
    from agentrun.simulate.rehearsal.rehearsal import Rehearsal

    with interrupted() as stop:
        with progress("Loading the models that hear and speak"):
            engines = await load_offline()
        async with OpenAIServer(engines.hearing, engines.voice, Rehearsal(specs), port=port) as server:
            server.conditions.faults.update(faults)
            server.conditions.latency.update(latencies)
            _show(server, specs)
            await stop.wait()
    return 0


def _show(server: OpenAIServer, specs: Sequence[AgentSpec]) -> None:
    from rich.console import Console

    lines = [
        f"A mock OpenAI server listens at {server.base_url}",
        "[yellow]There is no language model[/]: it answers from the specs' tests and tools.",
        *(f"{spec.name}: {server.url_for(spec.name)}" for spec in specs),
        f"Use:   export OPENAI_BASE_URL={server.base_url} OPENAI_API_KEY=offline",
        "Stop:  Ctrl-C",
    ]
    console = Console()
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
