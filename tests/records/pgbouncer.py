"""A PgBouncer of the tests' own before a PostgreSQL: in transaction mode each has another session."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.conftest import missing
from tests.ports import free_port

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
CONFIGURATION = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
server_round_robin = 1
min_pool_size = 4
default_pool_size = 20
max_client_conn = 200
{more}
"""
IGNORING = "ignore_startup_parameters = options"


@contextlib.contextmanager
def own_pgbouncer(address: str, more: str = IGNORING, mode: str = "transaction") -> Iterator[str]:
    """The address of the database at ``address`` by way of a PgBouncer; skips the test without one."""
    if PROGRAM is None:
        missing("PgBouncer is not installed: apt-get install pgbouncer")
    assert PROGRAM is not None
    target, port = sa.make_url(address), free_port()
    with tempfile.TemporaryDirectory(prefix="agentrun-pgbouncer-") as name:
        folder = Path(name)
        users, config = folder / "users", folder / "pgbouncer.ini"
        users.write_text(f'"{target.username}" ""\n')
        values = {"host": target.host, "port": target.port, "own": port, "users": users}
        config.write_text(CONFIGURATION.format(**values, mode=mode, more=more))
        as_root = os.geteuid() == 0
        if as_root:
            folder.chmod(0o755)
        process = subprocess.Popen(
            (PROGRAM, "-q", str(config)), stderr=subprocess.DEVNULL, user="postgres" if as_root else None
        )
        try:
            way = target.set(port=port)
            _is_there(way)
            yield way.render_as_string(hide_password=False)
        finally:
            process.kill()
            process.wait()


def _is_there(url: sa.URL) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(
                host=url.host, port=url.port, user=url.username, dbname=url.database, connect_timeout=2
            ).close()
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def pgbouncer(postgresql: str) -> Iterator[str]:
    """The address of the tests' PostgreSQL by way of a PgBouncer."""
    with own_pgbouncer(postgresql) as address:
        yield address
