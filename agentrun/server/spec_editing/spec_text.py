"""The text of a spec's file: read, compared with what is to be there, and written whole or not at all."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import SetupError
from agentrun.spec.loading import file_text

MOST_BYTES = 48 * 1024
"""Of a spec that is edited in the page: as JSON it is within what a request may have."""
_BOM = "\ufeff"


class ChangedError(Exception):
    """The file is no longer what the edit began with."""


@dataclass(frozen=True)
class SpecText:
    """A file as it is: ``text`` with lines that end in ``\\n``, as browsers have them.

    ``digest`` tells this state of the file from any other; ``before`` and ``newline`` are how it is encoded.
    """

    text: str
    digest: str
    before: str = ""
    newline: str = "\n"

    def encode(self, text: str) -> bytes:
        """``text`` as the file has it: with its line ends, and the mark at its beginning."""
        return (self.before + text.replace("\r\n", "\n").replace("\n", self.newline)).encode()


def read(path: Path) -> SpecText:
    """The file at ``path``; raises SpecError for what is no text, and SetupError for more than 48 KiB."""
    file_text.read(path)
    raw = path.read_bytes()
    _require_small(path, raw)
    text = raw.decode()
    before = _BOM if text.startswith(_BOM) else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    plain = text.removeprefix(_BOM).replace("\r\n", "\n")
    return SpecText(plain, hashlib.sha256(raw).hexdigest(), before, newline)


def difference(path: Path, old: str, new: str) -> list[str]:
    """The lines of a unified diff; empty where nothing differs.

    >>> difference(Path("a.yaml"), "name: a\\n", "name: b\\n")[2:]
    ['@@ -1 +1 @@', '-name: a', '+name: b']
    """
    before, after = old.splitlines(), new.splitlines()
    return list(difflib.unified_diff(before, after, path.name, f"{path.name} (edited)", lineterm=""))


def write(path: Path, text: str, digest: str) -> SpecText:
    """Put ``text`` into the file at ``path``, whole or not at all, and give back what it is then.

    A link stays a link, and the file keeps its rights. Raises ChangedError where the file is not the one that
    ``digest`` tells of, SetupError for more than 48 KiB, and OSError where it can't be written.
    """
    real = path.resolve()
    before = read(real)
    if before.digest != digest:
        raise ChangedError
    content = before.encode(text)
    _require_small(path, content)
    descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), real.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        if read(real).digest != digest:
            raise ChangedError
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return read(real)


def _require_small(path: Path, raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        hint = f"edit {path} in your editor; `agentrun serve --watch` takes it into use"
        raise SetupError(f"{path} is larger than {MOST_BYTES // 1024} KiB", hint)
