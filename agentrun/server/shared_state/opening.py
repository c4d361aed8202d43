"""Which back end a server has, and who its process is."""

from __future__ import annotations

import os
import platform
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from agentrun import __version__
from agentrun.errors import SetupError
from agentrun.records.store.opening import opened
from agentrun.server.shared_state.backend import Process
from agentrun.server.shared_state.state import SharedState

if TYPE_CHECKING:
    from agentrun.server.shared_state.sql import SqlBackend

NONE = "none"


def address(shared: str | None, records: str | None, ledger: Path | None) -> str | None:
    """Where a server's state is: what is asked for, the records' PostgreSQL, the workers' file, or nowhere.

    >>> address(None, "postgresql+psycopg://db/calls", None)
    'postgresql+psycopg://db/calls'
    >>> address(None, "sqlite:///agentrun-calls.sqlite3", None)
    """
    for url in (shared, records):
        if url and url != NONE and (url is shared or url.startswith("postgresql")):
            if not url.startswith("postgresql"):
                message = f"machines share their state in PostgreSQL, and --shared is '{url.split(':')[0]}'"
                raise SetupError(message, "write --shared postgresql+psycopg://…, or --shared none")
            return url
        if shared == NONE:
            break
    return _of_workers(ledger) if ledger else None


async def open_state(url: str | None, private_address: str = "") -> SharedState:
    """The state at ``url``, of which others know already; raises SetupError where it can't be opened."""
    me = Process(process_id(), platform.node()[:255], private_address, __version__)
    if url is None:
        return SharedState(me=me)
    from agentrun.server.shared_state.sql import SqlBackend

    shared = await opened(SqlBackend, url)
    state = SharedState(shared, me)
    await state.beat()
    return state


def process_id() -> str:
    """A name that no other process has; it begins with this one's number."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def forget_process(ledger: Path, pid: int) -> None:
    """Free the places of a worker that is no more; blocks. Without it they are free once its lease lapses."""
    from agentrun.server.shared_state.sql import SqlBackend

    with suppress(sa.exc.SQLAlchemyError, SetupError):
        shared: SqlBackend = SqlBackend(_of_workers(ledger))
        shared.leave_all(f"{pid}-")
        shared.close()


def _of_workers(ledger: Path) -> str:
    return str(sa.URL.create("sqlite", database=str(ledger.with_name("shared.sqlite"))))
