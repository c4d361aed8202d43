"""``agentrun bench SPEC-or-URL``: load-test an agent, and measure response times and processor use."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.durations import duration_option
from agentrun.cli.options.shared import latency_option, on_telephone, override_options
from agentrun.cli.options.spoken_input import OrderedCommand, SpokenInput, order_of, spoken_options

if TYPE_CHECKING:
    from agentrun.simulate.bench.process import Server
    from agentrun.simulate.bench.result import BenchResult
    from agentrun.simulate.caller.caller import Caller
    from agentrun.simulate.caller.offline_engines import OfflineEngines
    from agentrun.simulate.caller.script import Script
    from agentrun.simulate.faults import Route
    from agentrun.simulate.twilio import TwilioServer
    from agentrun.spec.loading.spec_file import SpecFile


@click.command(cls=OrderedCommand)
@click.argument("target", metavar="SPEC-or-URL")
@click.option("--calls", default=10, show_default=True, type=click.IntRange(1), help="Concurrent calls.")
@spoken_options
@duration_option("--apart", "Time between the starts of two calls.", "250ms")
@click.option(
    "--turns",
    default=6,
    show_default=True,
    type=click.IntRange(1),
    help="Turns per call when the caller says a test's words, repeated as needed.",
)
@click.option(
    "--noise",
    default=-55.0,
    show_default=True,
    metavar="DB",
    type=click.FloatRange(-90, -20),
    help="Noise on the callers' lines, in dB of full scale; -90 is nearly silent.",
)
@click.option(
    "--records/--no-records",
    default=True,
    show_default=True,
    help="Keep call records in a SQLite file, as `agentrun serve` does.",
)
@click.option("--live", is_flag=True, help="Use the real models; needs keys, and costs money.")
@latency_option
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Server processes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@override_options
@click.pass_context
def command(ctx: click.Context, /, target: str, as_json: bool, **given: Any) -> int:
    """Load-test the agent of a SPEC, served in a process of its own, or the agent at a URL.

    All callers say the same: --wav and --say, or the words of the spec's first test, repeated for --turns.
    As in production, their lines are noisy and records are kept. The first call is a warm-up and does not
    count; then comes a single call, then --calls at once. Without --live a mock server answers that uses next
    to no processor time, so that the figures show the agent's own cost; --latency makes the mock as slow as
    your providers. Exits with 1 if a call failed or exceeded the spec's budget.
    """
    import uvloop

    from agentrun.cli.output import bench_table
    from agentrun.cli.output.server_screen import quiet_logs

    quiet_logs("CRITICAL")
    options = BenchOptions(order=order_of(ctx), **given)
    with bench_table.progress(options.calls + 2) as tell:
        result = uvloop.run(_bench(target, options, tell))
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        bench_table.show(result)
    return int(result.failed)


@dataclass(frozen=True)
class BenchOptions(SpokenInput):
    """The options as they were given; durations in seconds."""

    calls: int
    apart: float
    turns: int
    noise: float
    records: bool
    live: bool
    latencies: dict[Route, float]
    workers: int
    style: str | None
    overrides: tuple[tuple[str, str], ...]


Tell = Callable[[str, int], None]
"""Reports progress: the current step, and how many calls have ended since the last report."""


async def _bench(target: str, asked: BenchOptions, tell: Tell) -> BenchResult:
    from agentrun import spec
    from agentrun.records import waiting_times
    from agentrun.simulate.bench.measure import measure
    from agentrun.simulate.bench.result import BenchResult
    from agentrun.simulate.caller.offline_engines import OfflineEngines

    engines = OfflineEngines()
    remote = target.startswith(("http://", "https://"))
    file = None if remote else spec.load(Path(target), asked.overrides, asked.style)
    script = await _script(asked, file, engines)
    loads = []
    tell("starting the server", 0)
    async with _answering(target, file, asked, script, engines) as (url, caller, server, twilio):
        for what, calls in (("warming up", 1), ("one call", 1), (f"{asked.calls} calls", asked.calls)):
            tell(what, 0)
            load = await measure(
                url,
                caller,
                script,
                calls,
                server=server,
                apart=asked.apart,
                twilio=twilio,
                done=lambda: tell("", 1),
            )
            loads.append(load)
    _, alone, together = loads
    return BenchResult(target, alone, together, waiting_times.in_ms(file.spec.budget) if file else {})


async def _script(asked: BenchOptions, file: SpecFile | None, engines: OfflineEngines) -> Script:
    """What every caller says: the given words, or those of the spec's first test that has any."""
    spoken_input: SpokenInput = asked
    if not asked.order:
        tests = file.spec.tests if file else ()
        words = next(filter(None, (tuple(t.words for t in test.turns if t.words) for test in tests)), ())
        if not words:
            raise click.UsageError("the caller has nothing to say: give --say or --wav, or write a test")
        words = _again(words, asked.turns)
        spoken_input = dataclasses.replace(asked, say=words, order=("say",) * len(words))
    script = await spoken_input.script(engines, lambda _text: None)
    greets = file is None or file.spec.speaks_first
    return dataclasses.replace(script, greeting=greets)


def _again(words: tuple[str, ...], turns: int) -> tuple[str, ...]:
    """Repeat ``words`` until there are ``turns`` of them; never fewer than all of them.

    >>> _again(("Hello?", "Are you open?"), 5)
    ('Hello?', 'Are you open?', 'Hello?', 'Are you open?', 'Hello?')
    >>> _again(("Hello?", "Are you open?"), 1)
    ('Hello?', 'Are you open?')
    """
    return tuple(itertools.islice(itertools.cycle(words), max(turns, len(words))))


@contextlib.asynccontextmanager
async def _answering(
    target: str, file: SpecFile | None, asked: BenchOptions, script: Script, engines: OfflineEngines
) -> AsyncIterator[tuple[str, Caller, Server | None, TwilioServer | None]]:
    """The agent's URL, the caller, the server's process, and the mock Twilio that it uses."""
    from agentrun.simulate.bench.process import started
    from agentrun.simulate.caller.caller import Caller
    from agentrun.simulate.twilio import TwilioServer

    environ = dict(os.environ)
    if file is None:
        yield target, Caller.from_environ(environ, noise=asked.noise), None, None
        return
    options = ["--port", "0", "--workers", str(asked.workers)]
    options += ["--style", asked.style] if asked.style else []
    for name, value in on_telephone(file.spec, asked.overrides):
        options += ["--set", f"{name}={value}"]
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="agentrun-bench-"))
        options += ["--records", f"sqlite:///{folder}/calls.sqlite3" if asked.records else "none"]
        if not asked.live:
            url = await stack.enter_async_context(_mock_server(file, asked, script, engines))
            options += ["--mock-server", url]
        twilio = await stack.enter_async_context(TwilioServer())
        environ = twilio.environ_of(environ)
        command = [sys.executable, "-m", "agentrun", "serve", target, *options]
        server = await stack.enter_async_context(started(command, environ))
        yield (
            f"{server.url}/{file.spec.name}",
            Caller.from_environ(environ, noise=asked.noise),
            server,
            twilio,
        )


@contextlib.asynccontextmanager
async def _mock_server(
    file: SpecFile, asked: BenchOptions, script: Script, engines: OfflineEngines
) -> AsyncIterator[str]:
    """Run a mock OpenAI server that knows what the caller will say; yields its URL."""
    from agentrun.simulate.bench import mock_openai
    from agentrun.simulate.bench.process import started

    utterances = [*script.utterances, *([script.barge_in] if script.barge_in else [])]
    lines = [
        each if each.text else dataclasses.replace(each, text=await engines.transcribe(each.speech.samples))
        for each in utterances
    ]
    with tempfile.TemporaryDirectory(prefix="agentrun-bench-") as folder:
        command = mock_openai.write(Path(folder), file.path, asked.overrides, lines, asked.latencies)
        async with started(command, os.environ) as server:
            yield server.url
