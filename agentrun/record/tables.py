"""The tables of a store; times are ISO 8601 in UTC, which sort as they are."""

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
    sa.Index("calls_started", "started"),
    sa.Index("calls_open", "ended", "seen"),
)
"""``record`` is ``CallRecord.as_json()``; ``owner`` wrote it last, at ``seen``."""
