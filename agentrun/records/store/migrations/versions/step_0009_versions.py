"""Per-call figures by which versions of a spec are compared."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
_NEWEST = """
    UPDATE calls SET search_state = '' WHERE ended IS NOT NULL AND (agent, id) IN (
        SELECT agent, id FROM (
            SELECT agent, id, row_number() OVER (PARTITION BY agent ORDER BY started DESC) AS place FROM calls
        ) AS places WHERE place <= 300
    )
"""


def upgrade() -> None:
    """Give each call a place for them; the calls that are compared are read once more to fill it."""
    op.add_column("calls", sa.Column("version_figures", sa.JSON))
    op.execute(_NEWEST)
