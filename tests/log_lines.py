"""What is logged while a block runs, for tests of what operators read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from loguru import logger


@contextlib.contextmanager
def log_lines(level: str) -> Iterator[list[str]]:
    """The messages of ``level`` and above, as they come, each with its traceback where it has one."""
    lines: list[str] = []
    number = logger.add(lambda line: lines.append(str(line).rstrip("\n")), level=level, format="{message}")
    try:
        yield lines
    finally:
        logger.remove(number)
