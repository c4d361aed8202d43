"""Stores of records: a SQLite file, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import missing
from tests.ports import free_port
from tests.records.pgbouncer import pgbouncer

__all__ = ["pgbouncer"]


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian keeps out of the way."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    return debian[0] if debian else Path(found).parent if found else None


class PostgreSQL:
    """A PostgreSQL of its own in ``folder``, which can be killed and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder, self._port = programs, folder, free_port()
        self.address = f"postgresql+psycopg://agentrun@127.0.0.1:{self._port}/postgres"
        as_root = os.geteuid() == 0
        user = "postgres" if as_root else pwd.getpwuid(os.geteuid()).pw_name
        self._user = user if as_root else None
        if as_root:
            shutil.chown(folder, user)
        self._run("initdb", "-U", "agentrun", "--auth=trust", "-E", "UTF8")

    def start(self) -> None:
        """Return when it takes connections."""
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-l", str(self._folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """End it at once."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill all of its processes, the first one first, so that it can end no other in order."""
        lock = self._folder / "data" / "postmaster.pid"
        first = int(lock.read_text().split()[0])
        for process in (first, *children(first)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # where nobody waits for orphans, as in some containers, it would be taken for one that lives
        for each in (lock, *self._folder.glob(".s.PGSQL.*.lock")):
            each.unlink()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            (str(self._programs / program), "-D", str(self._folder / "data"), *arguments),
            check=True,
            capture_output=True,
            cwd=self._folder,
            timeout=60,
            env={"PATH": "/usr/bin:/bin"},
            user=self._user,
        )


def children(process: int) -> list[int]:
    """The processes that ``process`` has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(folder.name))
    return found


@contextlib.contextmanager
def own_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that runs until the end of the block; skips the test where there is none."""
    programs = _programs()
    if programs is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="agentrun-pg-") as name:
        database = PostgreSQL(programs, Path(name))
        database.start()
        try:
            yield database
        finally:
            database.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL that runs while the tests do."""
    with own_postgresql() as database:
        yield database.address


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
