"""Runs pending migrations; Alembic loads this file with the connection in its configuration."""

from alembic import context

from agentrun.records.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
