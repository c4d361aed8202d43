"""``agentrun calls migrate``: what it makes, and what it can't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from click.testing import CliRunner, Result

from agentrun.cli.commands import calls
from agentrun.errors import SetupError
from agentrun.records.store import engine
from tests.records.conftest import emptied


def migrate(*arguments: str) -> Result:
    return CliRunner().invoke(calls.command, ["migrate", *arguments], catch_exceptions=False)


def tables(address: str) -> set[str]:
    database = sa.create_engine(address)
    names = set(sa.inspect(database).get_table_names())
    database.dispose()
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
    assert output.startswith("shared state is up to date at postgresql+psycopg://agentrun@127.0.0.1")


def test_a_step_over_many_calls_may_take_longer_than_a_statement_of_a_call(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{emptied(postgresql)}?options=-c%20statement_timeout%3D60000"
    seen: list[object] = []
    upgrade = command.upgrade

    def noted(config: Config, revision: str) -> None:
        connection = config.attributes["connection"]
        seen.append(connection.scalar(sa.text("SHOW statement_timeout")))
        upgrade(config, revision)

    monkeypatch.setattr(command, "upgrade", noted)
    database = engine.make(address)
    with database.begin() as connection:
        engine.migrate(connection)
    with database.begin() as connection:
        seen.append(connection.scalar(sa.text("SHOW statement_timeout")))
    database.dispose()
    assert seen == ["0", "1min"]


def test_a_password_is_not_printed(tmp_path: Path) -> None:
    address = "postgresql+psycopg://agentrun:hunter2@127.0.0.1:1/calls"
    with pytest.raises(SetupError) as refused:
        migrate("--records", address)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("password", ["p@ssw0rd", "p@ss:w0rd@", "p@ss/w0rd", "ssw0rd"])
def test_a_password_with_marks_of_an_address_is_not_printed_in_part(password: str) -> None:
    for where in ("--records", "--shared"):
        other = ["--records", "none"] if where == "--shared" else []
        with pytest.raises(SetupError) as refused:
            migrate(where, f"postgresql+psycopg://agentrun:{password}@127.0.0.1:1/calls", *other)
        assert "ss" + "w0rd" not in str(refused.value).replace("/", "")
        assert ("write %40" in str(refused.value)) is ("@" in password)


def test_an_at_sign_where_there_is_no_password_is_told_as_what_it_is() -> None:
    with pytest.raises(SetupError) as refused:
        migrate("--records", "postgresql+psycopg://agentrun@127.0.0.1:1/calls@x")
    assert "password before it" in str(refused.value)
    assert "write %40 for an @ in the name of a user or of a database" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:a@b@db/calls", "postgresql://me:***@db/calls"),
        (
            "postgresql://me@db/calls?password=hunter2&sslpassword=x",
            "postgresql://me@db/calls?password=***&sslpassword=***",
        ),
        ("postgresql://me:a?b@db/calls", "postgresql://me:***@db/calls"),
        ("me:hunter2@db", "db"),
        ("sqlite:////srv/a@b:c@d.sqlite3", "sqlite:////srv/a@b:c@d.sqlite3"),
    ],
)
def test_an_address_is_shown_without_its_passwords(url: str, expected: str) -> None:
    assert engine.shown(url) == expected


def test_no_store_has_no_tables() -> None:
    with pytest.raises(SetupError, match="keeps no records"):
        migrate("--records", "none")


def test_what_keeps_records_in_sqlite_needs_nothing_of_postgresql() -> None:
    """SQLAlchemy imports a kind of database where one of its options stands; Alembic, for new tables, all."""
    begin = (
        "import sys; from agentrun.records.store import engine, store; engine.make('sqlite://').connect(); "
    )
    code = f"{begin} print('sqlalchemy.dialects.postgresql' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]


def test_a_new_store_needs_no_colours() -> None:
    """Pygments, which Mako imports for pages of errors, takes 4 MB of a server that runs the steps."""
    begin = "import sys; from agentrun.records.store.store import Store; Store('sqlite://').close(); "
    names = ("alembic.command", "mako.exceptions", "mako.ext.pygmentplugin", "pygments.lexers.agile")
    code = f"{begin} print(*[name in sys.modules for name in {names}])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True", "False", "False"]
