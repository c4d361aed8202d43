"""The store of records that ``--records`` names, opened for reading."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentrun.records.store.store import Store

_LATE_SECONDS = 20.0


@contextlib.contextmanager
def open_store(url: str) -> Iterator[Store]:
    """The store at ``url``; calls of a server that is gone are closed first."""
    from agentrun.errors import SetupError
    from agentrun.records.store.store import Store

    if url == "none":
        raise SetupError("--records none keeps no records", "name the store that `serve` writes to")
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        raise SetupError(f"there are no records at {path}", "give --records the address that `serve` has")
    with Store(url) as store:
        store.close_abandoned(_LATE_SECONDS)
        yield store
