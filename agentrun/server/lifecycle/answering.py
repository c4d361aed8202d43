"""What it takes to answer calls on any transport: models, connections, records, and a switchboard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from loguru import logger

from agentrun import cpus
from agentrun.pipeline.services.connections.provider_client import connections
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.server.admission.admission import Admission
from agentrun.server.admission.load import Load
from agentrun.server.analysis.analyses import Analyses
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.options import Options
from agentrun.server.observability import tracing
from agentrun.server.records import record_keeping
from agentrun.server.records.audio_recordings import Recordings
from agentrun.server.shared_state import opening
from agentrun.server.shared_state.ledger import Ledger, SharedLoad


@dataclass(frozen=True)
class Answering:
    """A switchboard that is prepared; ``keeping`` is None where records are kept nowhere.

    ``load`` says how many calls the machine holds, once it is watched.
    """

    switchboard: Switchboard
    keeping: record_keeping.RecordKeeping | None
    load: Load


@contextlib.asynccontextmanager
async def answering(
    plans: Mapping[str, Plan],
    environ: Mapping[str, str],
    options: Options,
    ledger: Ledger | None = None,
    private_address: str = "",
) -> AsyncIterator[Answering]:
    """Be ready for calls of ``plans`` while the block runs; whoever asks for it closes the switchboard.

    ``ledger`` is what the workers of a server share, ``private_address`` where its other processes reach this
    one. Raises SetupError.
    """
    async with contextlib.AsyncExitStack() as stack:
        resources = await stack.enter_async_context(Resources(connections(environ)))
        resources.traced = await stack.enter_async_context(tracing.exporting(environ))
        shared = opening.address(options.shared, options.records, options.worker.ledger)
        state = await opening.open_state(shared, private_address)
        stack.push_async_callback(state.close)
        admission = Admission(options.limits, state=state)
        admission.carries = options.capacity
        switchboard = Switchboard(plans, resources, admission)
        clock, cores = asyncio.get_running_loop().time, cpus.available() / options.worker.of
        load_now = Load(lambda: switchboard.live, resources.turn_threads, clock, cores=cores)
        admission.capacity = SharedLoad(ledger, load_now).capacity if ledger else lambda: load_now.capacity
        stack.push_async_callback(switchboard.background.stop)
        if options.dispatch is None:
            switchboard.load_services()
            if options.speaks_later:
                speaking = asyncio.create_task(switchboard.speak_ahead(), name="prepared speech")
                stack.push_async_callback(_give_up, speaking)
            else:
                await switchboard.speak_ahead()
        keeper: record_keeping.RecordKeeping | None = None
        if options.records:
            keeping = record_keeping.record_keeping(switchboard, options, resources.web)
            keeper = await stack.enter_async_context(keeping)
        switchboard.recordings = Recordings(switchboard.records.changed)
        switchboard.on_close(switchboard.recordings.close)
        switchboard.on_close(switchboard.handover.close)
        switchboard.analyses = Analyses(resources, switchboard.records.changed, kept=keeper is not None)
        switchboard.on_close(switchboard.analyses.close)
        if keeper:
            keeper.make_left_over_analyses(switchboard, resources)
        yield Answering(switchboard, keeper, load_now)


async def _give_up(task: asyncio.Task[None]) -> None:
    """End ``task``, and say why it broke, where it did."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()):
        logger.opt(exception=error).error("what was to be spoken ahead broke")
