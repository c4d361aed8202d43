"""The outbox of ended records for a webhook, kept in the store so that none is lost with a process."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from agentrun.records.storable import storable
from agentrun.records.store import engine
from agentrun.records.store.tables import OUTBOX

GIVE_UP_SECONDS = 72 * 3600.0
"""How long a message is tried."""
WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"


@dataclass(frozen=True)
class Message:
    """One record on its way; ``id`` is the same on each try, and ``tries`` counts this one.

    ``age`` is how many seconds ago it was put there, by the database's clock.
    """

    id: str
    agent: str
    call: str
    body: str
    created: datetime
    tries: int
    claim: str
    age: float = 0.0


def put(connection: sa.Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Have the ended records ``rows`` sent, within the transaction that writes them; it is ``now`` there.

    A record that is there already is not sent again, unless it has changed since: then it goes out again
    under the id that it has.
    """
    for row in rows:
        body = json.dumps(storable(row), ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(body.encode()).hexdigest()
        mine = (OUTBOX.c.agent == row["agent"]) & (OUTBOX.c.call == row["id"])
        query = sa.select(OUTBOX).where(mine).order_by(OUTBOX.c.number.desc()).limit(1)
        last = connection.execute(query).mappings().first()
        if last and last["digest"] == digest:
            continue
        at = now.isoformat()
        value: dict[str, Any] = {"body": body, "digest": digest, "state": WAITING, "created": at, "due": at}
        # whoever is sending the earlier text has no claim any more, and its success counts for nothing
        value |= {"tries": 0, "claim": ""}
        if last:
            connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id == last["id"]).values(value))
            continue
        name: dict[str, Any] = {
            "id": _name(row["agent"], row["id"]),
            "agent": row["agent"],
            "call": row["id"],
            "number": 0,
        }
        connection.execute(sa.insert(OUTBOX).values(name | value))


def forget(connection: sa.Connection, before: datetime, now: datetime) -> None:
    """Delete what was made before ``before``, all but what is still on its way; it is ``now`` there.

    What waits for longer than it is tried has nobody who tries it: its agent has no webhook any more.
    """
    tried_until = (now - timedelta(seconds=GIVE_UP_SECONDS)).isoformat()
    rests = (OUTBOX.c.state != WAITING) | (OUTBOX.c.created < tried_until)
    connection.execute(sa.delete(OUTBOX).where((OUTBOX.c.created < before.isoformat()) & rests))


class Outbox:
    """Takes messages out; every method blocks, and may be called from any thread and any process.

    They raise sqlalchemy.exc.SQLAlchemyError.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def claim(self, agent: str, most: int, seconds: float) -> list[Message]:
        """Up to ``most`` messages of ``agent`` that are due, the oldest first, for the caller alone.

        Who is silent for ``seconds`` loses them to the next one who asks.
        """
        if most < 1:
            return []
        with self._engine.begin() as connection:
            return self._claim(connection, engine.now(connection), agent, most, seconds)

    def _claim(
        self, connection: sa.Connection, now: datetime, agent: str, most: int, seconds: float
    ) -> list[Message]:
        waiting = (OUTBOX.c.state == WAITING) & (OUTBOX.c.agent == agent) & (OUTBOX.c.due <= now.isoformat())
        chosen = sa.select(OUTBOX.c.id).where(waiting).order_by(OUTBOX.c.due).limit(most)
        if self._engine.dialect.name == "postgresql":
            # in a CTE, for PostgreSQL may run a subquery several times, and each takes other rows
            chosen = sa.select(chosen.with_for_update(skip_locked=True).cte("chosen").c.id)
        values = {
            "claim": secrets.token_hex(16),
            "due": (now + timedelta(seconds=seconds)).isoformat(),
            "tries": OUTBOX.c.tries + 1,
        }
        statement = sa.update(OUTBOX).where(OUTBOX.c.id.in_(chosen) & waiting).values(values)
        rows = connection.execute(statement.returning(OUTBOX)).mappings().all()
        messages = [_message(row, now) for row in rows]
        return sorted(messages, key=lambda message: message.created)

    def delivered(self, message: Message) -> None:
        """It has arrived; its text is not kept."""
        self._settle(message, {"state": DELIVERED, "body": ""})

    def give_up(self, message: Message) -> None:
        """It is tried no more."""
        self._settle(message, {"state": GIVEN_UP})

    def again(self, message: Message, seconds: float) -> None:
        """Have it tried again in ``seconds``, by anybody."""
        self._settle(message, {}, seconds)

    def waiting(self, agents: Collection[str]) -> dict[str, int]:
        """How many messages of each of ``agents`` have not arrived yet."""
        mine = (OUTBOX.c.state == WAITING) & OUTBOX.c.agent.in_(agents)
        query = sa.select(OUTBOX.c.agent, sa.func.count()).where(mine).group_by(OUTBOX.c.agent)
        with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in connection.execute(query)}
        return {agent: counts.get(agent, 0) for agent in agents}

    def _settle(self, message: Message, values: dict[str, Any], seconds: float | None = None) -> None:
        """Let the claim go, unless another one has it by now; due again in ``seconds``."""
        mine = (OUTBOX.c.id == message.id) & (OUTBOX.c.claim == message.claim)
        with self._engine.begin() as connection:
            if seconds is not None:
                values["due"] = (engine.now(connection) + timedelta(seconds=seconds)).isoformat()
            connection.execute(sa.update(OUTBOX).where(mine).values(values | {"claim": ""}))


def _message(row: sa.RowMapping, now: datetime) -> Message:
    created = datetime.fromisoformat(row["created"])
    age = (now - created).total_seconds()
    return Message(
        row["id"], row["agent"], row["call"], row["body"], created, row["tries"], row["claim"], age
    )


def _name(agent: str, call: str) -> str:
    """A webhook-id: one for each record, whoever makes it and however often it is sent."""
    return "msg_" + hashlib.sha256(f"{agent}/{call}/0".encode()).hexdigest()[:32]
