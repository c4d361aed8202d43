"""The tables of the shared state; times are Unix seconds by the database's clock."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
PROCESSES = sa.Table(
    "shared_processes",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("machine", sa.String(255), nullable=False, server_default=""),
    sa.Column("address", sa.String(255), nullable=False, server_default=""),
    sa.Column("version", sa.String(64), nullable=False, server_default=""),
    sa.Column("expires", sa.Float(53), nullable=False),
)
"""Who serves, each until ``expires``, which it puts off while it lives."""
PLACES = sa.Table(
    "shared_places",
    METADATA,
    sa.Column("agent", sa.String(63), primary_key=True),
    sa.Column("call", sa.String(255), primary_key=True),
    sa.Column("caller", sa.String(512), nullable=False),
    sa.Column("expires", sa.Float(53)),
    sa.Column("owner", sa.String(64), nullable=False, server_default=""),
    sa.Index("shared_places_expires", "expires"),
    sa.Index("shared_places_owner", "owner"),
)
"""A call that was let in: expected until ``expires``, up at ``owner`` once that is null."""
BEGUN = sa.Table(
    "shared_begun",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("what", sa.String(80), nullable=False),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Index("shared_begun_what", "what", "at"),
    sa.Index("shared_begun_at", "at"),
)
"""What began in the last minute, which limits a minute count."""
USED = sa.Table(
    "shared_used",
    METADATA,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("expires", sa.Float(53), nullable=False),
    sa.Index("shared_used_expires", "expires"),
)
"""Tokens that were used, as long as somebody might show one again."""
PLACED = sa.Table(
    "shared_placed",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("agent", sa.String(63), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("caller", sa.String(512), nullable=False),
    sa.Column("called", sa.String(512), nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("started", sa.String(40), nullable=False),
    sa.Column("call_id", sa.String(255), nullable=False, server_default=""),
    sa.Column("ended", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("expires", sa.Float(53), nullable=False),
    sa.Index("shared_placed_expires", "expires"),
)
"""Calls that agents have placed, as long as Twilio may tell of them."""
MESSAGES = sa.Table(
    "shared_messages",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("expires", sa.Float(53), nullable=False),
    sa.Index("shared_messages_owner", "owner", "id"),
    sa.Index("shared_messages_expires", "expires"),
)
"""What processes tell each other, each read once."""
