"""Reads the text of a file that belongs to a spec."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from agentrun.errors import Problem, SpecError

MOST_BYTES = 1024 * 1024
Edited = Mapping[Path, str]
"""Texts that are to be in files and aren't written yet, by the resolved path of each file."""
UNEDITED: Edited = MappingProxyType({})


def read(path: Path, most: int = MOST_BYTES, edited: Edited = UNEDITED) -> str:
    """The text of ``path``, or the one of ``edited`` that is to be there.

    Raises SpecError for what is missing, larger than ``most`` bytes, or not text.
    """
    text = edited.get(path.resolve()) if edited else None
    return _decode(path, _bytes(path, most) if text is None else text.encode())


def _decode(path: Path, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _error(path, f"is not UTF-8 text (byte {error.start})", "save it as UTF-8", line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _error(path, "holds a NUL byte, so it is not a text file", "save it as UTF-8 text", line)
    return text


def _bytes(path: Path, most: int) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _error(path, "is a folder", "name a file in it")
        if not stat.S_ISREG(mode):
            raise _error(path, "is not an ordinary file", "name a file")
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise _error(path, "there is no such file", "check the path") from None
    except ValueError:
        raise _error(path, "is not a path", "check the path") from None
    except OSError as error:
        raise _error(path, f"can't be read: {error.strerror}", "check the path and its permissions") from None
    if len(raw) > most:
        raise _error(path, f"is larger than {_size(most)}", "a spec is a page; a prompt is a few pages")
    return raw


def _size(most: int) -> str:
    return f"{most // 1024 // 1024} MiB" if most >= MOST_BYTES else f"{most // 1024} KiB"


def _error(path: Path, message: str, hint: str, line: int = 1) -> SpecError:
    return SpecError([Problem(str(path), line, 1, "", message, hint)])
