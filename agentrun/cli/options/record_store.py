"""Opens the record store that ``--records`` names, for reading."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentrun.records.store.store import Store


@contextlib.contextmanager
def open_store(url: str) -> Iterator[Store]:
    """The store at ``url``; raises SetupError if it can't be opened, or if the block can't read it."""
    import sqlalchemy as sa

    from agentrun.errors import SetupError
    from agentrun.records.store import engine
    from agentrun.records.store.store import Store

    if url == "none":
        raise SetupError("--records none keeps no records", "name the store that `serve` writes to")
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        raise SetupError(f"there are no records at {path}", "give --records the address that `serve` has")
    with Store(url) as store:
        try:
            yield store
        except sa.exc.SQLAlchemyError as error:
            raise engine.unreadable(url, error) from None


def record_of(store: Store, call_id: str) -> dict[str, Any]:
    """The record of a call by its id or a unique prefix of it; raises SetupError if there is none."""
    from agentrun.errors import SetupError
    from agentrun.printable import one_line

    if record := store.get(call_id):
        return record
    ids = store.ids(call_id) if call_id else []
    if len(ids) > 1:
        choices = ", ".join(one_line(each) for each in ids[:5])
        raise SetupError(
            f"several calls begin with '{one_line(call_id)}'", f"write more of the id: {choices}"
        )
    record = store.get(ids[0]) if ids else None
    if record is None:
        raise SetupError(f"there is no call '{one_line(call_id)}'", "see `agentrun calls list`")
    return record
