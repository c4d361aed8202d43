"""Records that the store did not accept, kept as local files until it does."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from loguru import logger

FOLDER = "agentrun-calls.sqlite3-unstored"
_WAITING, _TAKEN, _REFUSED = "waiting", "taken", "refused"
"""``taken`` were files that servers of before had in hand; of one that was killed it was left."""
Save = Callable[[Mapping[str, Any], str, Collection[str]], bool]
"""Writes a record with its key, and sends it for the agents that are named; whether the store took it."""


def folder(url: str) -> Path:
    """Where the records lie that the store at ``url`` did not take: beside its file, or in this folder.

    >>> folder("sqlite:////var/lib/calls.sqlite3")
    PosixPath('/var/lib/calls.sqlite3-unstored')
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return Path(f"{parsed.database}-unstored")
    return Path(FOLDER)


@dataclass(frozen=True)
class LocalCopies:
    """The files of one store in ``folder``, made when it is needed; methods block, and raise OSError.

    A file is named for what it is and for the record's key, so that each record has one of them. They hold
    what the record holds, and are readable for their owner alone.
    """

    folder: Path

    def wait(self, row: Mapping[str, Any], key: str, webhook: bool) -> Path:
        """Keep ``row`` until a server takes it into the store."""
        return self._write(_WAITING, {"record": row, "key": key, "webhook": webhook}, key)

    def refuse(self, row: Any, key: str, reason: str) -> Path:
        """Keep what no store takes, for somebody to look at."""
        return self._write(_REFUSED, {"record": row, "key": key, "reason": reason}, key)

    def take_in(self, save: Save) -> int:
        """Give ``save`` every record that waits, each to one server alone; how many the store took.

        What ``save`` refuses stays as a refused file; what it raises leaves the file waiting.
        """
        paths = (path for kind in (_WAITING, _TAKEN) for path in sorted(self.folder.glob(f"{kind}-*.json")))
        return sum(self._take(path, save) for path in paths)

    def _take(self, path: Path, save: Save) -> bool:
        with contextlib.ExitStack() as stack:
            try:
                # to be read alone, but NFS locks no file that may not be written
                file = stack.enter_context(path.open("r+", encoding="utf-8"))
                # one that is killed meanwhile lets go of it
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return False
            except (FileNotFoundError, BlockingIOError):
                return False
            except OSError as error:
                logger.error("a record waits at {}, which can't be read: {}", path, error.strerror)
                return False
            try:
                data = json.load(file)
                row, key = data["record"], str(data["key"])
                if save(row, key, {row["agent"]} if data["webhook"] else ()):
                    path.unlink(missing_ok=True)
                    return True
            except (ValueError, KeyError, TypeError):
                pass
            path.rename(path.with_name(f"{_REFUSED}-{path.name.rpartition('-')[2]}"))
        return False

    def _write(self, kind: str, value: Mapping[str, Any], key: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{kind}-{key}.json"
        part = path.with_suffix(".part")
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        with open(part, "x", encoding="utf-8", opener=_private) as file:
            # ASCII, so that text which no encoding has a place for can be written nevertheless
            json.dump(value, file, default=repr)
        part.replace(path)
        return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
