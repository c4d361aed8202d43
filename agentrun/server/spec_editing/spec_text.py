"""Reads a spec's file, compares it, and writes it atomically."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.errors import SetupError
from agentrun.spec.loading import file_text

MOST_BYTES = 48 * 1024
"""Of a spec that is edited in the page: as JSON it is within what a request may have."""
_BOM = "\ufeff"


class ChangedError(Exception):
    """A file is no longer what the edit began with; its text is the file's path."""


@dataclass(frozen=True)
class Change:
    """``text`` for the file at ``path``, made of the state of it that ``digest`` tells of."""

    path: Path
    text: str
    digest: str


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


def difference(old: str, new: str) -> list[str]:
    """The lines of a unified diff without its head; empty where nothing differs.

    >>> difference("name: a\\n", "name: b\\n")
    ['@@ -1 +1 @@', '-name: a', '+name: b']
    """
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))[2:]


def write(changes: Sequence[Change]) -> list[SpecText]:
    """Put each text into its file, all of them or none, and give back what the files are then.

    A link stays a link, and a file keeps its rights. Raises ChangedError where a file is not the one that its
    digest tells of, SetupError for more than 48 KiB, and OSError where one can't be written.
    """
    with contextlib.ExitStack() as stack:
        ready = [(change, read(change.path), _prepare(change, stack)) for change in changes]
        _require_unchanged(changes)
        # what was replaced is put back where a later one can't be
        back = stack.enter_context(contextlib.ExitStack())
        for change, before, name in ready:
            if name is None:
                continue
            real = change.path.resolve()
            name.replace(real)
            back.callback(real.write_bytes, before.encode(before.text))
        back.pop_all()
    return [read(change.path) for change in changes]


def _prepare(change: Change, stack: contextlib.ExitStack) -> Path | None:
    """A file beside the one at hand that holds the new text, or None where nothing differs."""
    real = change.path.resolve()
    before = read(real)
    content = before.encode(change.text)
    _require_small(change.path, content)
    if content == before.encode(before.text):
        return None
    descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}-")
    stack.callback(Path(name).unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), real.stat().st_mode & 0o7777)
        os.fsync(file.fileno())
    return Path(name)


def _require_unchanged(changes: Sequence[Change]) -> None:
    for change in changes:
        if read(change.path).digest != change.digest:
            raise ChangedError(change.path)


def _require_small(path: Path, raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        hint = f"edit {path} in your editor; `agentrun serve --watch` takes it into use"
        raise SetupError(f"{path} is larger than {MOST_BYTES // 1024} KiB", hint)
