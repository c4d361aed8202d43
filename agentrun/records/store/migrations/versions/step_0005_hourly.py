"""Hourly statistics, and indexes for the dashboard."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the sums, which servers fill from the calls that are not counted yet."""
    op.add_column("calls", sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "hourly",
        sa.Column("agent", sa.String(63), primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("total", sa.Float(53), nullable=False),
        sqlite_with_rowid=False,
    )
    still = sa.text("NOT counted")
    op.create_index("calls_uncounted", "calls", ["started"], postgresql_where=still, sqlite_where=still)
    op.create_index("calls_newest", "calls", ["started", "id", "agent"])
    op.create_index("calls_of_agent", "calls", ["agent", "started", "id"])
    op.drop_index("calls_started", "calls", if_exists=True)
