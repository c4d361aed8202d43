"""Writes generated files into a folder without overwriting files that were edited since."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from agentrun.deploy.written import manifest
from agentrun.deploy.written.manifest import Manifest, Place, hash_of
from agentrun.errors import SetupError

MANIFEST = manifest.NAME
"""In the folder: the hash of each file as it was written there last, and for which place."""
_ADDED_TO = ".gitignore"
"""A file that may have lines of yours beside those that are generated."""
MOST_DIFFERENCES = 60
"""Lines of a difference that are shown."""
State = Literal["wrote", "unchanged", "updated", "kept", "left"]


@dataclass(frozen=True)
class Written:
    """What became of one file: ``kept`` was edited, and ``difference`` is to what would be written now.

    ``left`` is no longer part of what is generated, and still there.
    """

    name: str
    state: State
    difference: str = ""


def write(
    folder: Path, files: Mapping[str, bytes], *, overwrite: bool = False, place: Place | None = None
) -> list[Written]:
    """Put ``files`` below ``folder``, which are for ``place``; with ``overwrite`` also over what was edited.

    Each file appears at once or not at all; what was written before somebody stopped it, or killed it, is
    known the next time for what it is. Raises SetupError where nothing can be written, or the disk is full.
    """
    for name in files:
        _require_writable(folder, name)
    hashes = dict(manifest.read(folder).hashes)
    pending = {name: hash_of(content) for name, content in files.items()}
    _put(folder / MANIFEST, manifest.text(Manifest(hashes, place, pending)))
    done = []
    try:
        for name, content in files.items():
            one = _write(folder / name, name, content, None if overwrite else hashes.get(name, ""))
            done.append(one)
            if one.state != "kept":
                hashes[name] = pending[name]
    finally:
        leftovers = sorted(name for name in hashes if name not in files and (folder / name).is_file())
        there = {name: hashes[name] for name in (*files, *leftovers) if name in hashes}
        _put(folder / MANIFEST, manifest.text(Manifest(there, place)))
    return [*done, *(Written(name, "left") for name in leftovers)]


def require_own(folder: Path, files: Mapping[str, bytes], hint: str) -> None:
    """Raise SetupError for those of ``files`` that somebody else has put into ``folder``."""
    hashes = manifest.read(folder).hashes
    names = [
        name
        for name, content in files.items()
        if name not in hashes and (folder / name).is_file() and not _is_same(folder / name, name, content)
    ]
    if names:
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        words = f"'{folder / names[0]}' is there{more}, and was not written by agentrun"
        raise SetupError(words, f"choose another folder, or {hint}")


def require_current(folder: Path, names: Iterable[str], sources: Mapping[str, bytes]) -> None:
    """Raise SetupError unless ``folder`` was written with files of these ``names``, and of these ``sources``.

    Generated files may be older or edited. A source – a spec, a plugin – that has changed since it was
    written there is not what somebody means to deploy; one that was edited in the folder alone is.
    """
    hashes, every = manifest.read(folder).hashes, sorted(names)
    if missing := [name for name in every if name not in hashes]:
        words = f"{folder} was not written for this: `agentrun eject` wrote no '{missing[0]}' there"
        raise SetupError(words, "run `agentrun eject` with the same specs and the same --target")
    if gone := [name for name in every if not (folder / name).is_file()]:
        words = f"'{gone[0]}' is no longer in {folder}, and what is run there needs it"
        raise SetupError(words, "run `agentrun eject` again, which writes what is missing")
    for name, content in sorted(sources.items()):
        if name in hashes and hashes[name] != hash_of(content):
            words = f"'{name}' has changed since {folder} was written"
            raise SetupError(words, "run `agentrun eject` again; where you edited it there, add --overwrite")


def _write(path: Path, name: str, content: bytes, before: str | None) -> Written:
    """``before`` is the hash of what was written here last, empty for nothing, None to write in any case."""
    if not path.exists():
        _put(path, content)
        return Written(name, "wrote")
    if _is_same(path, name, content):
        return Written(name, "unchanged")
    there = path.read_bytes()
    if before is None or hash_of(there) == before:
        _put(path, content)
        return Written(name, "updated")
    return Written(name, "kept", "\n".join(_difference(name, there, content)))


def _is_same(path: Path, name: str, content: bytes) -> bool:
    there = path.read_bytes()
    return there == content or (name == _ADDED_TO and {*content.splitlines()} <= {*there.splitlines()})


def _difference(name: str, there: bytes, content: bytes) -> Iterator[str]:
    try:
        yours, new = there.decode().splitlines(), content.decode().splitlines()
    except UnicodeDecodeError:
        yield "(no text)"
        return
    lines = difflib.unified_diff(yours, new, f"{name} (yours)", f"{name} (generated)", lineterm="", n=1)
    for number, line in enumerate(lines):
        if number == MOST_DIFFERENCES:
            yield "…"
            return
        yield line


def _put(path: Path, content: bytes) -> None:
    """Write ``content`` at once, or raise SetupError and leave what was there."""
    try:
        _replace(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SetupError(
            f"'{path}' can't be written: {reason}", "make room, or choose another folder, and run it again"
        ) from None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".agentrun-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _require_writable(folder: Path, name: str) -> None:
    """Raise SetupError unless ``name`` is, or can become, a plain file below ``folder``."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or name == MANIFEST:
        raise SetupError(f"'{name}' can't be the name of a file here", "rename it in the project")
    path = folder / name
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        raise SetupError(f"'{path}' is not a plain file", "move it away, or choose another folder")
    above = next(one for one in path.absolute().parents if os.path.lexists(one))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise SetupError(f"'{above}' is not a folder that can be written to", "choose another folder")
