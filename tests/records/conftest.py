"""Stores of records: a SQLite file, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import missing
from tests.ports import free_port


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian keeps out of the way."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    return debian[0] if debian else Path(found).parent if found else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL that runs while the tests do."""
    programs = _programs()
    if programs is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    assert programs is not None
    as_root = os.geteuid() == 0
    user = "postgres" if as_root else pwd.getpwuid(os.geteuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="agentrun-pg-") as name:
        folder = Path(name)
        if as_root:
            shutil.chown(folder, user)
        port = free_port()

        def run(*command: str) -> None:
            who = user if as_root else None
            environ = {"PATH": "/usr/bin:/bin"}
            subprocess.run(
                command, check=True, capture_output=True, cwd=folder, timeout=60, env=environ, user=who
            )

        data, log = str(folder / "data"), str(folder / "log")
        control = str(programs / "pg_ctl")
        run(str(programs / "initdb"), "-D", data, "-U", "agentrun", "--auth=trust", "-E", "UTF8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        run(control, "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://agentrun@127.0.0.1:{port}/postgres"
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    return emptied(request.getfixturevalue("postgresql"))


def emptied(address: str) -> str:
    """The PostgreSQL database at ``address``, without what other tests left there."""
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return address
