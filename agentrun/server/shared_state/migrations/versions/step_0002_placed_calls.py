"""Outbound calls, and messages between processes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shared_placed",
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
    )
    op.create_index("shared_placed_expires", "shared_placed", ["expires"])
    op.create_table(
        "shared_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("expires", sa.Float(53), nullable=False),
    )
    op.create_index("shared_messages_owner", "shared_messages", ["owner", "id"])
    op.create_index("shared_messages_expires", "shared_messages", ["expires"])
