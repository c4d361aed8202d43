"""Which calls were answered, kept for as long as their webhook could be replayed.

Twilio's signatures have no time in them, so a copied webhook is good until the auth token is changed: these
rows outlive the records that ``--keep-records`` deletes. A row has about 100 bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

_METADATA = sa.MetaData()
_ANSWERED = sa.Table(
    "answered",
    _METADATA,
    sa.Column("agent", sa.String(63), primary_key=True),
    sa.Column("call", sa.String(255), primary_key=True),
    sa.Column("at", sa.String(40), nullable=False),
)


def prepare(connection: sa.Connection) -> None:
    """Make the table where there is none, in the transaction that brings the store up to date."""
    _METADATA.create_all(connection, checkfirst=True)


class AnsweredTable:
    """Every method blocks, may be called from any thread, and raises sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def has(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered, by whatever process or machine."""
        with self._engine.connect() as connection:
            query = sa.select(_ANSWERED.c.at).where(_this(agent, call_id))
            return connection.execute(query).first() is not None

    def claim(self, agent: str, call_id: str) -> bool:
        """Whether this call is answered now, for the first time; of several at once one is told so."""
        row = {"agent": agent, "call": call_id, "at": datetime.now(UTC).isoformat()}
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_ANSWERED), row)
        except sa.exc.IntegrityError:
            return False
        return True

    def forget(self, agent: str, call_id: str) -> None:
        """This call was not answered after all."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_ANSWERED).where(_this(agent, call_id)))


def _this(agent: str, call_id: str) -> sa.ColumnElement[bool]:
    return (_ANSWERED.c.agent == agent) & (_ANSWERED.c.call == call_id)
