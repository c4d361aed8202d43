"""The manifest of an ejected folder: its target, its name, and its files' hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

NAME = ".agentrun-eject.json"
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Place:
    """Where a folder's files are for, and what `agentrun eject` was told of it when it wrote them last.

    ``agents`` are their names, ``digest`` tells their specs from any others, ``name`` is what all of them
    together are called there. ``capacity`` is what
    `agentrun bench` has measured: calls and MB of memory, None where it was not asked.
    """

    target: str
    name: str
    agents: tuple[str, ...] = ()
    digest: str = ""
    image: str | None = None
    public_url: str | None = None
    organization: str | None = None
    calls: int | None = None
    dispatched: bool = False
    capacity: tuple[int, int] | None = None


@dataclass(frozen=True)
class Manifest:
    """``hashes`` of files by name, as each was written last; ``place`` is None where it isn't known.

    ``pending`` are the hashes of what is being written just now: a run that is killed leaves them.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    place: Place | None = None
    pending: Mapping[str, str] = field(default_factory=dict)


_PLACE = TypeAdapter(Place)


def read(folder: Path) -> Manifest:
    """What ``folder`` knows of itself: nothing where it wasn't written, or its manifest can't be understood.

    Then every file there counts as somebody else's.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > MOST_BYTES:
            return Manifest()
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return Manifest()
    if not isinstance(data, dict) or not isinstance(data.get("files"), dict):
        return Manifest()
    # what a run had written that was killed before it could say so
    done = {name: one for name, one in _hashes(data, "pending").items() if _hash_at(folder / name) == one}
    return Manifest({**_hashes(data, "files"), **done}, _place(data))


def text(manifest: Manifest) -> bytes:
    """The manifest as it stands in its file."""
    data: dict[str, Any] = {"files": dict(manifest.hashes)}
    if manifest.pending:
        data["pending"] = dict(manifest.pending)
    if manifest.place:
        data["place"] = asdict(manifest.place)
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()


def hash_of(content: bytes) -> str:
    """What tells this content of a file from any other."""
    return hashlib.sha256(content).hexdigest()


def _hashes(data: Mapping[str, Any], key: str) -> dict[str, str]:
    found = data.get(key)
    return (
        {name: one for name, one in found.items() if isinstance(one, str)} if isinstance(found, dict) else {}
    )


def _hash_at(path: Path) -> str | None:
    try:
        return hash_of(path.read_bytes())
    except (OSError, ValueError):
        return None


def _place(data: Mapping[str, Any]) -> Place | None:
    try:
        return _PLACE.validate_python(data.get("place"))
    except ValidationError:
        return None
