"""Chooses a server's back end, and names its process."""

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
_HINT = (
    "write --shared postgresql+psycopg://… for machines, sqlite:////run/agentrun.sqlite3 for processes of "
    "this one, or none"
)


def address(shared: str | None, records: str | None, ledger: Path | None) -> str | None:
    """Where a server's state is: what is asked for, the records' PostgreSQL, the workers' file, or nowhere.

    Raises SetupError for what is neither PostgreSQL, which machines share, nor a file of this machine's.

    >>> address(None, "postgresql+psycopg://db/calls", None)
    'postgresql+psycopg://db/calls'
    >>> address("sqlite:////run/desk/shared.sqlite3", None, None)
    'sqlite:////run/desk/shared.sqlite3'
    >>> address(None, "sqlite:///agentrun-calls.sqlite3", None)
    """
    if shared and shared != NONE:
        if not shared.startswith(("postgresql", "sqlite:///")):
            message = f"state is shared in PostgreSQL or SQLite, and --shared is '{shared.split(':')[0]}'"
            raise SetupError(message, _HINT)
        return shared
    if not shared and records and records.startswith("postgresql"):
        return records
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


def forget_process(url: str | None, pid: int) -> None:
    """Free the places of a process of this machine that is no more, in a file at ``url``; blocks.

    Without it they are free once its lease lapses, as they are in PostgreSQL, where other machines have
    processes of that number.
    """
    if url is None or not url.startswith("sqlite"):
        return
    from agentrun.server.shared_state.sql import SqlBackend

    with suppress(sa.exc.SQLAlchemyError, SetupError):
        shared: SqlBackend = SqlBackend(url)
        shared.leave_all(f"{pid}-")
        shared.close()


def _of_workers(ledger: Path) -> str:
    return str(sa.URL.create("sqlite", database=str(ledger.with_name("shared.sqlite"))))
