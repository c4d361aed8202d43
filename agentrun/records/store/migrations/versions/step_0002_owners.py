"""Which server writes a record, and when it last did, so that the records of dead servers can be closed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give each call its owner; a call of before has been written to last when it began."""
    op.add_column("calls", sa.Column("owner", sa.String(64), nullable=False, server_default=""))
    op.add_column("calls", sa.Column("seen", sa.String(40), nullable=False, server_default=""))
    op.execute("UPDATE calls SET seen = started WHERE seen = ''")
    op.create_index("calls_open", "calls", ["ended", "seen"])
