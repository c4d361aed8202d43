"""Call slots and recent starts in the tables, and how much of the limits they use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from agentrun.server.admission.limits import MINUTE, Limits, Taken
from agentrun.server.shared_state.backend import CallName
from agentrun.server.shared_state.database import short
from agentrun.server.shared_state.tables import BEGUN, PLACES

CALL = "call "
"""What ``shared_begun`` calls an agent's calls, beside those that it places."""


def is_place(agent: str, call_id: str) -> sa.ColumnElement[bool]:
    """Whether a place is this call's."""
    return (PLACES.c.agent == agent) & (PLACES.c.call == short(call_id))


def rename(connection: sa.Connection, agent: str, old: str, new: str) -> None:
    """Give a place its new name, unless the call is up by that already, at another process."""
    known = connection.execute(sa.select(PLACES.c.call).where(is_place(agent, new))).first()
    if known is None:
        connection.execute(sa.update(PLACES).where(is_place(agent, old)).values(call=short(new)))
    else:
        connection.execute(sa.delete(PLACES).where(is_place(agent, old)))


def elsewhere(connection: sa.Connection, owner: str, calls: Collection[CallName]) -> list[CallName]:
    """Those of ``calls`` that are not expected any more, and not up at ``owner``."""
    names = {(agent, short(call_id)): (agent, call_id) for agent, call_id in calls}
    these = sa.tuple_(PLACES.c.agent, PLACES.c.call).in_(list(names))
    mine = PLACES.c.expires.is_not(None) | (PLACES.c.owner == owner)
    known = connection.execute(sa.select(PLACES.c.agent, PLACES.c.call).where(these, mine)).all()
    return [names[each] for each in names.keys() - {(row.agent, row.call) for row in known}]


def begun(which: sa.ColumnElement[bool], now: float) -> sa.Select[int, Any]:
    """How many began within a minute, and when the first of them did."""
    return sa.select(sa.func.count(), sa.func.min(BEGUN.c.at)).where(which & (BEGUN.c.at > now - MINUTE))


def taken(connection: sa.Connection, whose: str, caller: str, limits: Limits, now: float) -> Taken:
    """What is used of limits: only what one of them is about is counted."""
    calls = of_caller = number = 0
    oldest = 0.0
    alive = PLACES.c.expires.is_(None) | (PLACES.c.expires > now)
    if whose:
        alive &= PLACES.c.agent == whose
    if limits.calls is not None or (limits.calls_per_caller is not None and caller):
        same = sa.func.sum(sa.case((PLACES.c.caller == short(caller, 512), 1), else_=0))
        calls, of_caller = connection.execute(sa.select(sa.func.count(), same).where(alive)).one()
    if limits.calls_per_minute is not None:
        which = BEGUN.c.what == CALL + whose if whose else BEGUN.c.what.startswith(CALL)
        number, first = connection.execute(begun(which, now)).one()
        oldest = now - float(first) if first is not None else 0.0
    return Taken(calls, (of_caller or 0) if caller else 0, number, oldest)
