"""What another server needs to resume a call."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Give each call a place for it; a call of before can't be taken up."""
    op.add_column("calls", sa.Column("resume", sa.JSON))
