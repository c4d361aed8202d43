"""Ended records on their way to a webhook: in the store, so that none is lost with a process."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from agentrun.records.store.tables import OUTBOX

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"


@dataclass(frozen=True)
class Message:
    """One record on its way; ``id`` is the same on each try, and ``tries`` counts this one."""

    id: str
    agent: str
    call: str
    body: str
    created: datetime
    tries: int
    claim: str


def put(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Have the ended records ``rows`` sent, within the transaction that writes them.

    A record that is there already is not sent again, unless it has changed since it was.
    """
    for row in rows:
        body = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(body.encode()).hexdigest()
        mine = (OUTBOX.c.agent == row["agent"]) & (OUTBOX.c.call == row["id"])
        query = sa.select(OUTBOX).where(mine).order_by(OUTBOX.c.number.desc()).limit(1)
        last = connection.execute(query).mappings().first()
        if last and last["digest"] == digest:
            continue
        # what nobody has claimed yet has not been sent either
        unsent = (OUTBOX.c.id == last["id"]) & (OUTBOX.c.tries == 0) if last else sa.false()
        if connection.execute(sa.update(OUTBOX).where(unsent).values(body=body, digest=digest)).rowcount:
            continue
        number = last["number"] + 1 if last else 0
        value = {"agent": row["agent"], "call": row["id"], "number": number, "body": body, "digest": digest}
        now = datetime.now(UTC).isoformat()
        value |= {"id": _name(row["agent"], row["id"], number), "state": WAITING, "created": now, "due": now}
        connection.execute(sa.insert(OUTBOX).values(value | {"tries": 0, "claim": ""}))


def forget(connection: sa.Connection, before: datetime) -> None:
    """Delete what was made before ``before``, all but what is still on its way."""
    old = (OUTBOX.c.created < before.isoformat()) & (OUTBOX.c.state != WAITING)
    connection.execute(sa.delete(OUTBOX).where(old))


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
        now = datetime.now(UTC)
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
        with self._engine.begin() as connection:
            found = connection.execute(statement.returning(OUTBOX)).mappings().all()
        messages = [
            Message(
                row["id"],
                row["agent"],
                row["call"],
                row["body"],
                datetime.fromisoformat(row["created"]),
                row["tries"],
                row["claim"],
            )
            for row in found
        ]
        return sorted(messages, key=lambda message: message.created)

    def delivered(self, message: Message) -> None:
        """It has arrived; its text is not kept."""
        self._settle(message, {"state": DELIVERED, "body": ""})

    def give_up(self, message: Message) -> None:
        """It is tried no more."""
        self._settle(message, {"state": GIVEN_UP})

    def again(self, message: Message, seconds: float) -> None:
        """Have it tried again in ``seconds``, by anybody."""
        self._settle(message, {"due": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()})

    def waiting(self, agents: Collection[str]) -> dict[str, int]:
        """How many messages of each of ``agents`` have not arrived yet."""
        mine = (OUTBOX.c.state == WAITING) & OUTBOX.c.agent.in_(agents)
        query = sa.select(OUTBOX.c.agent, sa.func.count()).where(mine).group_by(OUTBOX.c.agent)
        with self._engine.connect() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {agent: found.get(agent, 0) for agent in agents}

    def _settle(self, message: Message, values: dict[str, Any]) -> None:
        """Let the claim go, unless another one has it by now."""
        mine = (OUTBOX.c.id == message.id) & (OUTBOX.c.claim == message.claim)
        with self._engine.begin() as connection:
            connection.execute(sa.update(OUTBOX).where(mine).values(values | {"claim": ""}))


def _name(agent: str, call: str, number: int) -> str:
    """A webhook-id: the same for the same record, whoever makes it."""
    return "msg_" + hashlib.sha256(f"{agent}/{call}/{number}".encode()).hexdigest()[:32]
