"""Where recordings are stored, and how their files are named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from agentrun.spec.models.record import SoundFormat

_SUFFIX = {"wav": ".wav", "opus": ".opus"}
_LONGEST_ID = 100


@dataclass(frozen=True)
class RecordingDestination:
    """``folder`` holds the files while calls go on, and afterwards where there is no ``address`` for them."""

    folder: Path
    format: SoundFormat
    address: str | None = field(default=None, repr=False)

    def part(self, name: str) -> Path:
        """The file of a call that goes on.

        >>> RecordingDestination(Path("calls"), "wav").part("desk-1.wav")
        PosixPath('calls/desk-1.part.wav')
        """
        path = self.folder / name
        return path.with_name(f"{path.stem}.part{path.suffix}")

    def name(self, agent: str, call_id: str, began: datetime) -> str:
        """The file's name: no two calls share one, for a call that was handed on comes again with its id."""
        return f"{agent}-{began:%Y%m%dT%H%M%S%f}Z-{safe_id(call_id)}{_SUFFIX[self.format]}"


def safe_id(call_id: str) -> str:
    """A call's id as it stands in the names of files.

    >>> safe_id("room/1")
    'room_1'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", call_id)[:_LONGEST_ID]


def shown(address: str) -> str:
    """An address without the user and the password in it.

    >>> shown("ftp://rosa:secret@files.example.com/calls")
    'ftp://files.example.com/calls'
    """
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
