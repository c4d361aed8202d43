"""Analyses the calls that another server left unanalysed when it stopped or was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import cost
from agentrun.records.store.analyses import AnalysisTable
from agentrun.records.store.threads import StoreThreads
from agentrun.server.analysis.analyse import WAITS, Analysis, analyse
from agentrun.server.analysis.analyses import note

POLL_SECONDS = 15.0
MOST_AT_ONCE = 2
MOST_STARTS = 3
"""How often a call's analysis is begun, by whatever server; more would cost without an end."""
Row = Mapping[str, Any]


class LeftOver:
    """Takes what waits in a store, for the agents of ``plans`` as they are now.

    ``settled`` is called when something was written. ``owner`` is the name that this process writes under;
    it looks after the records with the keys ``own`` itself.
    """

    def __init__(
        self,
        table: AnalysisTable,
        owner: str,
        plans: Callable[[], Mapping[str, Plan]],
        resources: Resources,
        own: Callable[[], Collection[str]],
        settled: Callable[[], None],
    ) -> None:
        self._table = table
        self._owner = owner
        self._plans = plans
        self._resources = resources
        self._own = own
        self._settled = settled
        self._threads = StoreThreads("analyses")
        self._failing = False

    async def run(self) -> None:
        """Look for such calls at once, and then over and over, until it is cancelled."""
        while True:
            if not await self.take():
                await asyncio.sleep(POLL_SECONDS)

    async def take(self) -> bool:
        """Analyse some of them; whether there were any."""
        try:
            rows = await self._threads.run(
                self._table.claim, list(self._plans()), self._owner, self._own(), MOST_AT_ONCE
            )
            await asyncio.gather(*(self._take(row) for row in rows))
        except (sa.exc.SQLAlchemyError, TimeoutError) as error:
            if not self._failing:
                logger.error("analyses that wait can't be read: {}", type(error).__name__)
            self._failing = True
            return False
        self._failing = False
        return bool(rows)

    async def _take(self, row: Row) -> None:
        with logger.contextualize(call=row["id"], agent=row["agent"]):
            plan = self._plans().get(row["agent"])
            analysis = await self._analyse(plan, row)
            usage = {**(row.get("usage") or {}), **analysis.usage}
            parts = {"analysis": analysis.found, "usage": usage, "cost": cost.of_row({**row, "usage": usage})}
            await self._threads.run(self._table.settle, row["agent"], row["id"], self._owner, parts)
            note(analysis.found)
        self._settled()

    async def _analyse(self, plan: Plan | None, row: Row) -> Analysis:
        if row["analysis"]["starts"] > MOST_STARTS:
            reason = f"{MOST_STARTS} servers have begun it, and none has finished it"
            return Analysis({"state": "failed", "reason": reason})
        if plan is None or plan.analysis is None:
            return Analysis({"state": "failed", "reason": "the agent has no after_call any more"})
        return await analyse(plan.analysis, row, self._resources, plan.redaction, WAITS)
