"""The outbound calls of this process, and the ids of finished ones."""

from __future__ import annotations

from dataclasses import replace

from agentrun.server.shared_state.backend import Placed
from agentrun.server.twilio.outbound.outgoing_call import Outgoing

MOST_REMEMBERED = 10_000
"""Calls whose callbacks are still known; the oldest are forgotten."""
MOST_OVER = 200
"""Calls that are over and whole, for what Twilio may still tell of them; of older ones little is known."""


class OwnCalls(dict[str, Outgoing]):
    """By the id that this project gave them; ``me`` is the process that has them."""

    def __init__(self, me: str) -> None:
        super().__init__()
        self._me = me
        self._over: dict[str, Outgoing] = {}
        self._past: dict[str, Placed] = {}

    def known(self, dial: str) -> Placed | None:
        """A call of this process as the others know it, an old one too."""
        outgoing = self.get(dial)
        return outgoing.shown(self._me) if outgoing else self._past.get(dial)

    def remember(self, outgoing: Outgoing) -> None:
        """A call is this process' own from now on."""
        self[outgoing.id] = outgoing
        if len(self) > MOST_REMEMBERED:
            del self[next(iter(self))]

    def let_go(self, outgoing: Outgoing) -> None:
        """Forget what was said in a finished call: it is in the record, and here it would fill the memory."""
        if self.get(outgoing.id) is not outgoing:
            return
        self._over[outgoing.id] = outgoing
        while len(self._over) > MOST_OVER:
            oldest = self._over.pop(next(iter(self._over)))
            if self.get(oldest.id) is oldest:
                del self[oldest.id]
                self._past[oldest.id] = past(oldest.shown(self._me))
        while len(self._past) > MOST_REMEMBERED:
            del self._past[next(iter(self._past))]

    def drop(self, dial: str) -> Outgoing | None:
        """A call is another process' from now on; what it was here."""
        self._over.pop(dial, None)
        return self.pop(dial, None)


def past(placed: Placed) -> Placed:
    """What is known of a call that is over, as others know it too: no number, and no parameter."""
    return replace(placed, caller="", called="", parameters={}, ended=True)
