"""Runs pending migrations; Alembic loads this file with the connection in its configuration."""

from alembic import context

from agentrun.server.shared_state.tables import METADATA

given = context.config.attributes
context.configure(
    connection=given["connection"], version_table=given["version_table"], target_metadata=METADATA
)
with context.begin_transaction():
    context.run_migrations()
