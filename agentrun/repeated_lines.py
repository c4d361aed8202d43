"""Collapses log lines that repeat: one line, then how often it came.

A part that fails at each piece of sound would else log fifty tracebacks a second, in which nothing else is
found any more.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loguru import Record

PERIOD_SECONDS = 10.0
"""A line that comes again within it is counted."""
_MOST_LINES = 1_000
"""Different ones within a period; what comes beyond them is not counted, and stands in the log."""
_NUMBER = re.compile(r"#\d+|\d{4,}")
"""What differs from one piece of sound to the next; a status of HTTP does not."""


@dataclass
class _Line:
    record: Record
    until: float
    more: int = 0


class RepeatedLines:
    """Counts warnings and errors by where they come from, what was raised, of which call, and their words.

    ``clock`` gives seconds. Not for several threads at once; a sink of loguru's is called by one at a time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: dict[tuple[object, ...], _Line] = {}

    def is_first(self, record: Record) -> bool:
        """Whether ``record`` is to be written; it is counted where it isn't."""
        if record["level"].no < logging.WARNING:
            return True
        place = (record["name"], record["line"], record["level"].no, record["extra"].get("call"))
        key = (*place, _NUMBER.sub("#", record["message"]), *_raised(record))
        if line := self._lines.get(key):
            line.more += 1
            return False
        if len(self._lines) < _MOST_LINES:
            self._lines[key] = _Line(record, self._clock() + PERIOD_SECONDS)
        return True

    def over(self, *, at_once: bool = False) -> Iterator[tuple[Record, str]]:
        """The first record of each line whose period is over, and how often it came again, in words.

        ``at_once`` is for the end, where no period is waited for.
        """
        now = self._clock()
        for key, line in list(self._lines.items()):
            if line.until > now and not at_once:
                return
            del self._lines[key]
            if line.more:
                times = "once" if line.more == 1 else f"{line.more} times"
                first = line.record["message"].partition("\n")[0]
                yield line.record, f"{first} ({times} more within {PERIOD_SECONDS:g} s)"


def _raised(record: Record) -> tuple[object, ...]:
    """The kind of what was raised, and where; nothing where nothing was."""
    raised = record["exception"]
    if raised is None or raised.value is None:
        return ()
    # extract_tb would look for the source of each frame on the disk
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(raised.traceback)]
    return (raised.type, *places[-1:])
