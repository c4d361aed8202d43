"""Faster compression of records in PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
_HAS_LZ4 = sa.text("""
    SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'
""")


def upgrade() -> None:
    """Have records that are written from now on packed by LZ4, where PostgreSQL was built with it.

    https://www.postgresql.org/docs/current/storage-toast.html
    """
    if op.get_bind().dialect.name == "postgresql" and op.get_bind().scalar(_HAS_LZ4):
        op.execute("ALTER TABLE calls ALTER COLUMN record SET COMPRESSION lz4")
