"""Measures garbage collections, which stop all code and should not count against a tool."""

from __future__ import annotations

import functools
import gc
import time
from typing import Any


class CollectionTime:
    """Counts the seconds of collections from the moment on that ``watched`` has made it."""

    def __init__(self) -> None:
        self._before = 0.0
        self._began: float | None = None

    @property
    def seconds(self) -> float:
        """All collections until now, the one under way included."""
        began = self._began
        return self._before if began is None else self._before + time.monotonic() - began

    def note(self, phase: str, _info: dict[str, Any]) -> None:
        """For ``gc.callbacks``: https://docs.python.org/3/library/gc.html#gc.callbacks."""
        if phase == "start":
            self._began = time.monotonic()
        elif self._began is not None:
            self._before, self._began = self.seconds, None


@functools.cache
def watched() -> CollectionTime:
    """The one of this process."""
    collections = CollectionTime()
    gc.callbacks.append(collections.note)
    return collections
