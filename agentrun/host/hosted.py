"""One agent in somebody else's server: prepared once, then run for each session."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from loguru import logger
from pipecat.runner.types import RunnerArguments

from agentrun import logs, plugins
from agentrun.deploy.pipecat_cloud import checks
from agentrun.errors import AgentRunError, SetupError, SpecError
from agentrun.garbage_collection import without_garbage_collection
from agentrun.host import connections, transfer_outcomes
from agentrun.plan import daily
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls.closing_calls import HARD_SECONDS
from agentrun.server.lifecycle.answering import Answering, answering
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.specs.files import load
from agentrun.server.records import record_keeping

AGAIN_SECONDS = 5.0
"""Delay before an agent that could not be prepared is tried again."""


class HostedAgent:
    """The agent of the spec at ``path``, with the environment ``environ``.

    ``readyz`` and the first session make it ready, where ``lifespan`` has not. ``clock`` is in seconds.
    ``dispatched`` sessions come from a server that holds the spec's limits.
    """

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        *,
        dispatched: bool = False,
    ) -> None:
        self._path = path
        self._environ = environ
        self._clock = clock
        self._dispatched = dispatched
        self._problems = checks.dispatched_problems if dispatched else checks.problems
        self._opening: asyncio.Task[Answering] | None = None
        self._owner: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._tried = float("-inf")

    async def bot(self, args: RunnerArguments) -> None:
        """Run one session until its call is over.

        Cancelled, the caller hears ``prompts.goodbye`` first. The record has been written, and sent if it
        could be, when this returns; it is sent once more where a transfer was not taken. Raises AgentRunError
        when the agent can't answer, also once it is closed.
        """
        self._require_open()
        ready = await asyncio.shield(self._ready())
        self._require_open()
        [plan] = ready.switchboard.plans.values()
        connection = await connections.connect(args, plan, dispatched=self._dispatched)
        if connection is None:
            return
        task = ready.switchboard.answer(plan, connection)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            await self._dismiss(ready, task)
            raise
        finally:
            if ready.keeping:
                await ready.keeping.flush()
        records = ready.switchboard.records
        record = records.get(plan.spec.name, connection.call.id)
        ring = plan.spec.limits.ring
        if ready.keeping and record and await transfer_outcomes.complete(record, self._environ, ring):
            records.changed(record)
            await ready.keeping.flush()

    async def readyz(self) -> dict[str, Any]:
        """Whether a session could be answered now, and if not, why; for the host's probes."""
        report: dict[str, Any] = {"ready": False, "agent": self._path.stem}
        if self._over.is_set():
            return {**report, "reason": "the server is stopping"}
        opening = self._ready()
        if not opening.done():
            return {**report, "reason": "the agent is being made ready"}
        if error := opening.exception():
            return {**report, "reason": str(getattr(error, "message", type(error).__name__))}
        return {**report, "ready": True}

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Prepare the agent before the server accepts sessions, and clean up after it."""
        with without_garbage_collection():
            await asyncio.wait({self._ready()})
        try:
            yield
        finally:
            await self.close()

    async def close(self) -> None:
        """End the calls in progress, write their records, and close everything."""
        self._over.set()
        if self._owner:
            await asyncio.wait({self._owner}, timeout=HARD_SECONDS)
            self._owner.cancel()
            await asyncio.wait({self._owner})

    def _ready(self) -> asyncio.Task[Answering]:
        """What makes the agent ready: the one that did, or is doing so, or a new try."""
        again = self._clock() - self._tried > AGAIN_SECONDS
        if self._opening is None or (again and _has_failed(self._opening)):
            self._tried = self._clock()
            self._opening = asyncio.create_task(self._open(), name=f"open {self._path.stem}")
            self._opening.add_done_callback(_note)
        return self._opening

    def _require_open(self) -> None:
        if self._over.is_set():
            raise SetupError("the server is stopping")

    async def _open(self) -> Answering:
        """Begin the task that owns the agent; what it opens, it closes."""
        opened: asyncio.Future[Answering] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(opened), name=f"agent {self._path.stem}")
        either: set[asyncio.Future[Any]] = {opened, self._owner}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            if self._owner.cancelled():
                # by ``close``, and not by whoever waits for this
                self._require_open()
            await self._owner
        return opened.result()

    async def _own(self, opened: asyncio.Future[Answering]) -> None:
        plan = await asyncio.to_thread(self._plan)
        logs.hide_in_all_sinks([plan.redaction])
        with tempfile.TemporaryDirectory(prefix="agentrun-") as folder:
            options = Options(records=self._records(plan, Path(folder)), webhooks=True, speaks_later=True)
            record_keeping.require(plan, options)
            async with answering({plan.spec.name: plan}, self._environ, options) as ready:
                opened.set_result(ready)
                try:
                    await self._over.wait()
                finally:
                    await ready.switchboard.close()

    def _plan(self) -> Plan:
        """The agent's plan; raises AgentRunError for what can't be there."""
        [file] = load([self._path])
        extensions = plugins.load_all(file)
        plan = planning.make(file, extensions.tools, self._environ, hooks=extensions.hooks)
        wrong = [one for one in self._problems(plan, self._environ) if one.severity == "error"]
        if wrong:
            raise SpecError(wrong)
        # the rooms are the host's to make
        plan.require_keys(but=(daily.KEY,))
        return plan

    def _records(self, plan: Plan, folder: Path) -> str | None:
        """Where records are kept: as asked for, or on their way to a webhook in ``folder``."""
        store = self._environ.get(checks.STORE, "")
        if store:
            return None if store == "none" else store
        return f"sqlite:///{folder / 'calls.sqlite3'}" if plan.webhook else None

    async def _dismiss(self, ready: Answering, task: asyncio.Task[CallRecord]) -> None:
        try:
            await ready.switchboard.dismiss(task)
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=HARD_SECONDS)


def _has_failed(opening: asyncio.Task[Answering]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


def _note(opening: asyncio.Task[Answering]) -> None:
    """Log why there is no agent."""
    if opening.cancelled() or not (error := opening.exception()):
        return
    if isinstance(error, AgentRunError):
        logger.error("the agent can't answer: {}", error)
    else:
        logger.opt(exception=error).error("the agent can't answer")
