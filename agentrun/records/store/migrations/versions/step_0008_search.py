"""The search index, which servers fill from calls that are not in it yet."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
_UNINDEXED = sa.text("search_state <> seen || '/' || coalesce(ended, '')")
_DELETION = """
    CREATE TRIGGER search_deletion AFTER DELETE ON calls BEGIN
        DELETE FROM search_text WHERE rowid =
            (SELECT number FROM search_index WHERE agent = old.agent AND id = old.id);
        DELETE FROM search_index WHERE agent = old.agent AND id = old.id;
    END
"""


def upgrade() -> None:
    """Give each call the state in which it is in the index, and make the index where there may be one."""
    op.add_column("calls", sa.Column("search_state", sa.String(90), nullable=False, server_default=""))
    columns = ["started", "id", "agent"]
    op.create_index("calls_unindexed", "calls", columns, postgresql_where=_UNINDEXED, sqlite_where=_UNINDEXED)
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    elif op.get_bind().scalar(sa.text("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'")):
        _sqlite()


def _postgresql() -> None:
    op.create_table(
        "search_index",
        sa.Column("agent", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("started", sa.String(40), nullable=False),
        sa.Column("terms", sa.ARRAY(sa.SmallInteger), nullable=False),
        sa.ForeignKeyConstraint(["agent", "id"], ["calls.agent", "calls.id"], ondelete="CASCADE"),
    )
    # the terms are never read: apart from the keys, which are read by the thousand
    op.execute("ALTER TABLE search_index SET (toast_tuple_target = 128)")
    op.create_index("search_index_newest", "search_index", ["started", "id", "agent"])
    op.create_index("search_index_terms", "search_index", ["terms"], postgresql_using="gin")


def _sqlite() -> None:
    op.create_table(
        "search_index",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("agent", sa.String(63), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("started", sa.String(40), nullable=False),
        sa.UniqueConstraint("agent", "id"),
    )
    columns = "agent, outcome, number, tool, text, variables"
    options = "tokenize = 'trigram case_sensitive 1', detail = column"
    op.execute(f"CREATE VIRTUAL TABLE search_text USING fts5({columns}, {options})")
    op.execute(_DELETION)
