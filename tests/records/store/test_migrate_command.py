"""``agentrun calls migrate``: what it makes, and what it can't."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from agentrun.cli.commands import calls
from agentrun.errors import SetupError


def migrate(*arguments: str) -> Result:
    return CliRunner().invoke(calls.command, ["migrate", *arguments], catch_exceptions=False)


def tables(address: str) -> set[str]:
    engine = sa.create_engine(address)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_an_empty_store_gets_its_tables_and_a_second_time_changes_nothing(url: str) -> None:
    assert "records are up to date at" in migrate("--records", url).output
    names = tables(url)
    assert {"calls", "alembic_version"} <= names
    assert ("shared_version" in names) is url.startswith("postgresql")
    assert migrate("--records", url).exit_code == 0
    assert tables(url) == names


def test_machines_may_share_elsewhere_or_nothing(tmp_path: Path, postgresql: str) -> None:
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    assert "what machines" not in migrate("--records", records, "--shared", "none").output
    output = migrate("--records", "none", "--shared", postgresql).output
    assert output.startswith("what machines share is up to date at postgresql+psycopg://agentrun@127.0.0.1")


def test_a_password_is_not_printed(tmp_path: Path) -> None:
    address = "postgresql+psycopg://agentrun:hunter2@127.0.0.1:1/calls"
    with pytest.raises(SetupError) as refused:
        migrate("--records", address)
    assert "hunter2" not in str(refused.value)


def test_no_store_has_no_tables() -> None:
    with pytest.raises(SetupError, match="keeps no records"):
        migrate("--records", "none")
