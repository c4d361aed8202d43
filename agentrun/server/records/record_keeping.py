"""Keeps a server's call records in a store, and sends them to webhooks from there."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from loguru import logger

from agentrun.errors import SetupError
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.plan.webhook import Webhook
from agentrun.server.analysis.left_over import LeftOver
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.options import Options
from agentrun.server.records.webhook_delivery import FLUSH_SECONDS, Deliverer

if TYPE_CHECKING:
    from agentrun.server.records.record_writer import RecordWriter


@dataclass(frozen=True)
class RecordKeeping:
    """The record writer and the webhook delivery of a server."""

    writer: RecordWriter
    deliverer: Deliverer

    async def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Write what has changed and try to send what has ended; whether it was written.

        Each may take ``seconds``. What does not arrive by then stays in the store, and is tried again.
        """
        written = await self.writer.write(seconds)
        if written:
            await self.deliverer.close(seconds)
        return written

    def make_left_over_analyses(self, switchboard: Switchboard, resources: Resources) -> None:
        """Analyse the calls that an earlier or killed server has left unanalysed."""

        def own() -> set[str]:
            here = {record.key for record in switchboard.records.newest()}
            return here | (switchboard.analyses.in_hand if switchboard.analyses else set())

        left_over = LeftOver(
            self.writer.store.analyses,
            self.writer.owner,
            lambda: switchboard.plans,
            resources,
            own,
            self.deliverer.kick,
        )
        switchboard.background.start("analyses", left_over.run)


def require(plan: Plan, options: Options) -> None:
    """Raise SetupError if the agent's webhook lacks a variable, or the server keeps no records."""
    if plan.spec.resume and options.records is None:
        logger.warning("{}: with --records none no call of it is resumed", plan.spec.name)
    if plan.webhook is None or not options.webhooks:
        return
    if options.records is None:
        message = f"agent '{plan.spec.name}' sends its records to a webhook, and --records none keeps none"
        raise SetupError(message, "name a store with --records, or remove record.webhook")
    if not plan.offline:
        plan.webhook.require()
    elif not webhooks({plan.spec.name: plan}):
        logger.warning("{}: offline, its records are sent to no webhook", plan.spec.name)


def webhooks(plans: Mapping[str, Plan]) -> dict[str, Webhook]:
    """The webhooks by agent; offline only those on this machine."""
    hooks = {name: plan.webhook for name, plan in plans.items() if plan.webhook}
    here = {name for name, plan in plans.items() if plan.offline}
    return {name: one for name, one in hooks.items() if not one.missing and (name not in here or one.is_here)}


@contextlib.asynccontextmanager
async def record_keeping(
    switchboard: Switchboard, options: Options, client: httpx.AsyncClient
) -> AsyncIterator[RecordKeeping]:
    """Keep records while the block runs, and write them completely at its end; ``client`` is for webhooks.

    The end of the block takes some seconds at most, whatever the store does.
    """
    from agentrun.records.store import local_copies
    from agentrun.records.store.local_copies import LocalCopies
    from agentrun.records.store.opening import opened
    from agentrun.records.store.store import Store
    from agentrun.server.records.record_writer import CLOSE_SECONDS, RecordWriter
    from agentrun.server.records.resumed_calls import ResumedCalls

    store = await opened(Store, options.records or "")

    def sent_to() -> dict[str, Webhook]:
        return webhooks(switchboard.plans) if options.webhooks else {}

    copies = LocalCopies(local_copies.folder(options.records or ""))
    record_writer = RecordWriter(store, copies, options.keep_records, sent_to)
    deliverer = Deliverer(store.outbox, client, sent_to)
    record_writer.on_end(deliverer.kick)
    switchboard.records.on_add(record_writer.watch)
    switchboard.records.on_forget(record_writer.forget)
    switchboard.records.past, switchboard.records.is_unwritten = store, record_writer.is_unwritten
    switchboard.records.add_to_reason = store.amendments.add_to_reason
    switchboard.left_open.resumed = ResumedCalls(store.resuming, record_writer.owner)
    if not switchboard.state.is_at(options.records):
        switchboard.answered.store = store.answered
    background = switchboard.background
    writing = background.start("records", record_writer.run)
    sending = background.start("webhooks", deliverer.run, deliverer.stop)
    try:
        yield RecordKeeping(record_writer, deliverer)
    finally:
        await background.stop(writing, sending)
        sound = await record_writer.write(CLOSE_SECONDS)
        await deliverer.close(FLUSH_SECONDS if sound else 0.0)
        await record_writer.close(CLOSE_SECONDS if sound else 0.0)
