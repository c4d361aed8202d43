"""Makes the database file readable by its user alone, since it contains transcripts."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def keep_private(path: Path) -> None:
    """Make the file at ``path`` for this user alone, and let no others read one that is there.

    SQLite gives the files beside it the same rights. What can't be done is left to whoever opens the file.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return
    with contextlib.suppress(OSError):
        for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            if name.exists() and stat.S_IMODE(name.stat().st_mode) & 0o007:
                name.chmod(stat.S_IMODE(name.stat().st_mode) & 0o770)
