"""The conversation at this machine's microphone, which starts with the server."""

from __future__ import annotations

import asyncio

from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls.switchboard import Switchboard
from agentrun.spec.models.agent import LocalTransport


def begin(switchboard: Switchboard) -> asyncio.Task[CallRecord] | None:
    """Start the talk of the one agent that has the microphone; None where no agent has it.

    Raises SetupError when two agents want it, or when this machine has none.
    """
    wanting = [
        (plan, transport) for plan in switchboard.plans.values() if (transport := _microphone_of(plan))
    ]
    if not wanting:
        return None
    if len(wanting) > 1:
        names = " and ".join(plan.spec.name for plan, _ in wanting)
        raise SetupError(f"{names} all use the microphone", "serve one of them")
    from agentrun.transports import microphone

    plan, transport = wanting[0]
    connection = microphone.connect(transport, plan.spec.name, plan.environ, offline=plan.offline)
    return switchboard.answer(plan, connection)


def _microphone_of(plan: Plan) -> LocalTransport | None:
    transports = (t for t in plan.transports if isinstance(t, LocalTransport) and t.device == "microphone")
    return next(transports, None)
