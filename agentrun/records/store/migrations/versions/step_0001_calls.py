"""The table of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table of calls."""
    op.create_table(
        "calls",
        sa.Column("agent", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("started", sa.String(40), nullable=False),
        sa.Column("ended", sa.String(40)),
        sa.Column("record", sa.JSON, nullable=False),
    )
    op.create_index("calls_started", "calls", ["started"])
