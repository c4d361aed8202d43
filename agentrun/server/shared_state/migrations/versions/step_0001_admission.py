"""Servers, call slots, recent starts, and used tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shared_processes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("machine", sa.String(255), nullable=False, server_default=""),
        sa.Column("address", sa.String(255), nullable=False, server_default=""),
        sa.Column("version", sa.String(64), nullable=False, server_default=""),
        sa.Column("expires", sa.Float(53), nullable=False),
    )
    op.create_table(
        "shared_places",
        sa.Column("agent", sa.String(63), primary_key=True),
        sa.Column("call", sa.String(255), primary_key=True),
        sa.Column("caller", sa.String(512), nullable=False),
        sa.Column("expires", sa.Float(53)),
        sa.Column("owner", sa.String(64), nullable=False, server_default=""),
    )
    op.create_index("shared_places_expires", "shared_places", ["expires"])
    op.create_index("shared_places_owner", "shared_places", ["owner"])
    op.create_table(
        "shared_begun",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("what", sa.String(80), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
    )
    op.create_index("shared_begun_what", "shared_begun", ["what", "at"])
    op.create_index("shared_begun_at", "shared_begun", ["at"])
    op.create_table(
        "shared_used",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("expires", sa.Float(53), nullable=False),
    )
    op.create_index("shared_used_expires", "shared_used", ["expires"])
