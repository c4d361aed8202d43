"""Runs a database's migrations with Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError


def run(connection: sa.Connection, steps: Path, versions: str) -> None:
    """Run those of ``steps`` that the table ``versions`` does not name.

    An index over the calls of a month takes longer than a statement of ours may: no timeout is to be set.

    Raises sqlalchemy.exc.InvalidRequestError for steps that can't be run, beside what the database raises.
    """
    config = Config()
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = versions
    try:
        known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
        has = MigrationContext.configure(connection, opts={"version_table": versions}).get_current_heads()
        if set(has) <= known:
            command.upgrade(config, "head")
    except CommandError as error:
        raise sa.exc.InvalidRequestError(str(error)) from error
