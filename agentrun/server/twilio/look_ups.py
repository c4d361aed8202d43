"""Looks up callers while their telephone rings."""

from __future__ import annotations

from collections import OrderedDict

import httpx

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.session.variables.before_call import BeforeCall

MOST = 1_000
"""Callers who may ring at once; beyond them the look-up begins with the stream."""


class LookUps:
    """Begun when Twilio announces a call, and taken by its stream. ``web`` asks for all of them.

    A stream that comes to another process begins its own.
    """

    def __init__(self, web: httpx.AsyncClient) -> None:
        self._web = web
        self._begun: OrderedDict[tuple[str, str], BeforeCall] = OrderedDict()

    def begin(self, plan: Plan, call: Call) -> None:
        """Look the caller up; returns at once, and does nothing for an agent that looks nothing up.

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
        """The look-up of this very call, once."""
        return self._begun.pop((agent, call_id), None)

    def done(self, plan: Plan, call: Call) -> BeforeCall:
        """For a call whose caller was looked up before, at another process: nothing is asked again."""
        return BeforeCall(plan, call, self._web)

    async def close(self) -> None:
        """Nobody is waited for any more."""
        while self._begun:
            self._begun.popitem()[1].close()
