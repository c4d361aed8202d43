"""Server leases by the database's clock, and which record a row belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of leases, and give each call the key of its record."""
    op.add_column("calls", sa.Column("key", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "leases",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("expires", sa.Float(53), nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
    )
