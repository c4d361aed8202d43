"""The running analyses of a process: started when calls end, awaited for a while at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, cost
from agentrun.records.store.analyses import WAITING
from agentrun.server.analysis.analyse import WAITS, Analysis, analyse

MOST_AT_ONCE = 4
"""Calls that are analysed at the same time; the others wait, and no call does."""
CLOSE_SECONDS = 10.0
"""How long analyses may go on once the server stops; what is left is the next server's."""


class Analyses:
    """Owns the analysis of every call of this process; ``changed`` is told of each record that has one now.

    ``waits`` are the seconds before each try. ``kept`` says whether records outlive the process: what is not
    done when it ends is then left for the next one, and has failed else.
    """

    def __init__(
        self,
        resources: Resources,
        changed: Callable[[CallRecord], None],
        waits: tuple[float, ...] = WAITS,
        *,
        kept: bool = False,
    ) -> None:
        self._resources = resources
        self._changed = changed
        self.waits = waits
        self._kept = kept
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._running: dict[asyncio.Task[None], CallRecord] = {}

    @property
    def in_hand(self) -> set[str]:
        """The keys of the records whose analysis this process is making."""
        return {record.key for record in self._running.values()}

    def expect(self, plan: Plan, record: CallRecord) -> None:
        """A call has begun: its record says that an analysis is to come, should the process be killed too."""
        if plan.analysis:
            record.analysis = {"state": WAITING}

    def begin(self, plan: Plan, record: CallRecord) -> None:
        """A call has ended: analyse it as soon as there is room."""
        if plan.analysis is None:
            return
        with logger.contextualize(call=record.id, agent=record.agent):
            task = asyncio.create_task(self._run(plan, record), name=f"analysis {record.id}")
        self._running[task] = record
        task.add_done_callback(self._running.pop)

    async def close(self) -> None:
        """Let what has begun be finished within ``CLOSE_SECONDS``; leave the rest."""
        if not self._running:
            return
        _, pending = await asyncio.wait(self._running, timeout=CLOSE_SECONDS)
        for task in pending:
            if not self._kept:
                record = self._running[task]
                record.analysis = {"state": "failed", "reason": "the server stopped first"}
                self._changed(record)
            task.cancel()
        if pending:
            logger.info("{} calls are analysed when a server starts again", len(pending))
            await asyncio.gather(*pending, return_exceptions=True)

    async def _run(self, plan: Plan, record: CallRecord) -> None:
        assert plan.analysis is not None  # noqa: S101
        async with self._free:
            record.analysis = {"state": WAITING, "starts": 1}
            self._changed(record)
            row: dict[str, Any] = record.as_json()
            try:
                analysis = await analyse(plan.analysis, row, self._resources, record.redaction, self.waits)
            except Exception as error:  # noqa: BLE001 - nobody awaits this task, and the record would wait on
                logger.opt(exception=error).error("the analysis broke")
                analysis = Analysis({"state": "failed", "reason": type(error).__name__}, {})
        record.analysis = analysis.found
        record.usage.update(analysis.usage)
        record.cost = cost.estimate(record)
        self._changed(record)
        note(analysis.found)


def note(found: dict[str, Any]) -> None:
    """A line in the log, without a word of the call."""
    if found["state"] == "failed":
        logger.warning("the analysis failed: {}", found["reason"])
    else:
        logger.debug("the analysis is {}", found["state"])
