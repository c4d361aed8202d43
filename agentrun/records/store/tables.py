"""The tables of a store; times are ISO 8601 strings in UTC, which sort chronologically.

The steps in ``migrations`` make them, with what one kind of database alone is told, such as which rows an
index is of: an option that names a kind has SQLAlchemy import all of it, PostgreSQL's at every start.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
CALLS = sa.Table(
    "calls",
    METADATA,
    sa.Column("agent", sa.String(63), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("started", sa.String(40), nullable=False),
    sa.Column("ended", sa.String(40)),
    sa.Column("record", sa.JSON, nullable=False),
    sa.Column("owner", sa.String(64), nullable=False, server_default=""),
    sa.Column("seen", sa.String(40), nullable=False, server_default=""),
    sa.Column("webhook", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("key", sa.String(32), nullable=False, server_default=""),
    sa.Column("resume", sa.JSON(none_as_null=True)),
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("analysis", sa.String(16), nullable=False, server_default=""),
    sa.Column("search_state", sa.String(90), nullable=False, server_default=""),
    sa.Column("version_figures", sa.JSON(none_as_null=True)),
    sa.Index("calls_open", "ended", "seen"),
    sa.Index("calls_newest", "started", "id", "agent"),
    sa.Index("calls_of_agent", "agent", "started", "id"),
    sa.Index("calls_uncounted", "started"),
    sa.Index("calls_unindexed", "started", "id", "agent"),
    sa.Index("calls_analysis", "analysis", "agent"),
)
"""``record`` is ``CallRecord.as_stored()``; ``owner`` wrote it last, at ``seen``; ``webhook``: it is sent.

``key`` is the record's own: no other record of the same call is written over it. ``counted`` calls are in
the sums of ``hourly``. ``resume`` is what another server needs beside the record to go on with the call.
``analysis`` is the state of the record's analysis, ``waiting`` while it is awaited. ``search_state`` is what
``seen`` and ``ended`` were when the call was put into the index for searches, and when its
``version_figures`` were written.
"""
KEY = (CALLS.c.agent, CALLS.c.id, CALLS.c.started, CALLS.c.ended)
"""What ``record_shape.stored`` is told of a row beside its record."""
HOURLY = sa.Table(
    "hourly",
    METADATA,
    sa.Column("agent", sa.String(63), primary_key=True),
    sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("total", sa.Float(53), nullable=False),
)
"""Sums of ended calls by the ``hour`` in which they began, counted from 1970; see ``call_figures``."""
LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("expires", sa.Float(53), nullable=False),
    sa.Column("beat", sa.Integer, nullable=False),
)
"""A server is alive until ``expires``, in seconds since 1970 by the database's clock; ``beat`` counts on."""
OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("agent", sa.String(63), nullable=False),
    sa.Column("call", sa.String(255), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.String(40), nullable=False),
    sa.Column("due", sa.String(40), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("claim", sa.String(32), nullable=False),
    sa.Index("outbox_due", "state", "agent", "due"),
    sa.Index("outbox_call", "agent", "call", "number", unique=True),
)
"""Ended records on their way to a webhook.

``state`` is ``waiting``, ``delivered`` or ``given up``; ``number`` counts a call's messages from 0. While a
server holds a ``claim`` on a message, ``due`` is when the claim lapses. A delivered ``body`` is emptied.
"""


def is_call(agent: str, call_id: str) -> sa.ColumnElement[bool]:
    """Whether a row of ``CALLS`` is that of this call."""
    return (CALLS.c.agent == agent) & (CALLS.c.id == call_id)
