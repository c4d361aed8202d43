"""The outbox of ended records for a webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the outbox; no call of before is sent anywhere."""
    op.add_column("calls", sa.Column("webhook", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "outbox",
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
    )
    op.create_index("outbox_due", "outbox", ["state", "agent", "due"])
    op.create_index("outbox_call", "outbox", ["agent", "call", "number"], unique=True)
