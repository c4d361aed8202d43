"""Which calls are still to be analysed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Give each call the state of its analysis."""
    op.add_column("calls", sa.Column("analysis", sa.String(16), nullable=False, server_default=""))
    op.create_index("calls_analysis", "calls", ["analysis", "agent"])
