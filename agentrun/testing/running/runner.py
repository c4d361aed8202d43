"""Runs the tests of specs, for ``agentrun test`` and the pytest plugin."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from agentrun.testing.results.outcome import Outcome
from agentrun.testing.running import shared_servers as benches
from agentrun.testing.running import spoken_run, text_run
from agentrun.testing.running.find_tests import Case, Depth
from agentrun.testing.running.shared_servers import Mode, SharedServers

_SCRIPTED = Mode()
Runner = Callable[[Case, Depth], Awaitable[Outcome]]


@contextlib.asynccontextmanager
async def running(environ: Mapping[str, str], mode: Mode = _SCRIPTED) -> AsyncIterator[Runner]:
    """What runs a case while the block runs; models are loaded once, and only when they are needed."""
    async with contextlib.AsyncExitStack() as stack:
        opened: dict[Depth, SharedServers] = {}

        async def run(case: Case, depth: Depth) -> Outcome:
            case_depth = case.scenario.depth
            if case_depth and case_depth != depth:
                reason = f"it asks for depth {case_depth}"
                return Outcome(case.spec, case.name, "skipped", 0.0, reason=reason, depth=depth)
            if depth not in opened:
                spoken_too = depth == "audio"
                opened[depth] = await stack.enter_async_context(
                    benches.opened(environ, mode, spoken=spoken_too)
                )
            way = spoken_run.run if depth == "audio" else text_run.run
            return await way(opened[depth], case.file, case.scenario, case.index, case.spec)

        yield run
