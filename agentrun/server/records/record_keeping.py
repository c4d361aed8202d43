"""The records of a server's calls: kept in a store, and sent to webhooks from there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import httpx
from loguru import logger

from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.plan.webhook import Webhook
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.options import Options
from agentrun.server.records.webhook_delivery import Deliverer


def require(plan: Plan, options: Options) -> None:
    """Raise SetupError when the agent's webhook lacks a variable, or the records that it would send."""
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
    """The webhook of each agent that has one; offline only those on this machine."""
    found = {name: plan.webhook for name, plan in plans.items() if plan.webhook}
    here = {name for name, plan in plans.items() if plan.offline}
    return {name: one for name, one in found.items() if not one.missing and (name not in here or one.is_here)}


@contextlib.asynccontextmanager
async def record_keeping(
    switchboard: Switchboard, options: Options, client: httpx.AsyncClient
) -> AsyncIterator[Deliverer]:
    """Keep the records of calls while the block runs, and to the last word; ``client`` is for webhooks."""
    from agentrun.records.store.store import Store
    from agentrun.server.records.record_writer import RecordWriter

    store = await asyncio.to_thread(Store, options.records or "")

    def sent_to() -> dict[str, Webhook]:
        return webhooks(switchboard.plans) if options.webhooks else {}

    record_writer = RecordWriter(store, options.keep_records, sent_to)
    deliverer = Deliverer(store.outbox, client, sent_to)
    record_writer.on_end(deliverer.kick)
    switchboard.records.on_add(record_writer.watch)
    switchboard.records.past = store
    switchboard.answered.store = store.answered
    writing, sending = asyncio.create_task(record_writer.run()), asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        writing.cancel()
        deliverer.stop()
        await asyncio.gather(writing, sending, return_exceptions=True)
        await record_writer.write()
        await deliverer.close()
        await record_writer.close()
