"""Writes generated files into a folder, and writes over nothing that was edited there since."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from agentrun.errors import SetupError

MANIFEST = ".agentrun-eject.json"
"""In the folder: the hash of each file as it was written there last."""
MOST_MANIFEST_BYTES = 1024 * 1024
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


def write(folder: Path, files: Mapping[str, bytes], *, overwrite: bool = False) -> list[Written]:
    """Put ``files`` below ``folder``; with ``overwrite`` also over what was edited.

    Each file appears at once or not at all; what was written before somebody stopped it is known the next
    time for what it is. Raises SetupError where nothing can be written, or the disk is full.
    """
    for name in files:
        _require_writable(folder, name)
    hashes = _read_manifest(folder)
    done = []
    try:
        for name, content in files.items():
            one = _write(folder / name, name, content, None if overwrite else hashes.get(name, ""))
            done.append(one)
            if one.state != "kept":
                hashes[name] = _hash(content)
    finally:
        leftovers = sorted(name for name in hashes if name not in files and (folder / name).is_file())
        manifest = {name: hashes[name] for name in (*files, *leftovers) if name in hashes}
        _put(folder / MANIFEST, (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode())
    return [*done, *(Written(name, "left") for name in leftovers)]


def require_current(folder: Path, names: Iterable[str], sources: Mapping[str, bytes]) -> None:
    """Raise SetupError unless ``folder`` was written with files of these ``names``, and of these ``sources``.

    Generated files may be older or edited. A source – a spec, a plugin – that has changed since it was
    written there is not what somebody means to deploy; one that was edited in the folder alone is.
    """
    hashes = _read_manifest(folder)
    if missing := sorted(name for name in names if name not in hashes):
        words = f"{folder} was not written for this: `agentrun eject` wrote no '{missing[0]}' there"
        raise SetupError(words, "run `agentrun eject` with the same specs and the same --target")
    for name, content in sorted(sources.items()):
        if name in hashes and hashes[name] != _hash(content):
            words = f"'{name}' has changed since {folder} was written"
            raise SetupError(words, "run `agentrun eject` again; where you edited it there, add --overwrite")


def _write(path: Path, name: str, content: bytes, before: str | None) -> Written:
    """``before`` is the hash of what was written here last, empty for nothing, None to write in any case."""
    if not path.exists():
        _put(path, content)
        return Written(name, "wrote")
    there = path.read_bytes()
    if there == content:
        return Written(name, "unchanged")
    if before is None or _hash(there) == before:
        _put(path, content)
        return Written(name, "updated")
    return Written(name, "kept", "\n".join(_difference(name, there, content)))


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
        raise SetupError(f"'{path}' is no plain file", "move it away, or choose another folder")
    above = next(one for one in path.absolute().parents if os.path.lexists(one))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise SetupError(f"'{above}' is no folder that can be written to", "choose another folder")


def _read_manifest(folder: Path) -> dict[str, str]:
    """The hashes by name; none where there is no manifest or it can't be understood: then all was edited."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MOST_MANIFEST_BYTES:
            return {}
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {name: value for name, value in data.items() if isinstance(value, str)}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
