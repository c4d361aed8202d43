"""Looks up callers while their telephone rings."""

from __future__ import annotations

from collections import OrderedDict

import httpx

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.session.variables.before_call import BeforeCall

MOST = 1_000
"""Concurrent early look-ups; beyond them, the look-up starts with the stream."""


class LookUps:
    """Look-ups that start when Twilio announces a call, and that its stream takes. ``web`` is their client.

    A stream that comes to another process begins its own.
    """

    def __init__(self, web: httpx.AsyncClient) -> None:
        self._web = web
        self._begun: OrderedDict[tuple[str, str], BeforeCall] = OrderedDict()

    def begin(self, plan: Plan, call: Call) -> None:
        """Start to look up the caller, if the agent looks anything up; returns at once.

        Nor for a call that is being looked up already: Twilio repeats a webhook that got no answer.
        """
        if (call.agent, call.id) in self._begun:
            return
        asking = BeforeCall(plan, call, self._web)
        if not asking.wanted:
            return
        if len(self._begun) >= MOST:
            _, oldest = self._begun.popitem(last=False)
            oldest.close()
        self._begun[call.agent, call.id] = asking
        asking.begin()

    def take(self, agent: str, call_id: str) -> BeforeCall | None:
        """Take the look-up of this call; None if there is none."""
        return self._begun.pop((agent, call_id), None)

    def done(self, plan: Plan, call: Call) -> BeforeCall:
        """An empty look-up, for a call whose caller another process has already looked up."""
        return BeforeCall(plan, call, self._web)

    async def close(self) -> None:
        """Cancel all look-ups."""
        while self._begun:
            self._begun.popitem()[1].close()
