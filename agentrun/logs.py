"""Where log lines go, and what stands in none of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from agentrun.record.redaction import Redaction

if TYPE_CHECKING:
    from loguru import Message, Record

_TEXT = "{time:HH:mm:ss} {level: <7} {message}"
_QUOTED = re.compile(r"(\b(?:text|arguments): ?|not speaking )\S.*", re.DOTALL)
"""Where Pipecat's lines and its frames' names quote what was said, or what a tool is given."""
_DEBUG = 10
_OURS = "redaction"
"""Under this name every line carries what must be hidden in it."""


def begin(level: str, stream: TextIO | None = None, redaction: Redaction | None = None) -> int:
    """Send lines of ``level`` and above to ``stream``, standard error by default, and nothing else anywhere.

    ``redaction`` holds until ``protect`` names another one. The sink's number, for ``logger.remove``.
    """
    logger.remove()
    logger.configure(patcher=_unquote)
    protect([redaction or Redaction()])

    def write(message: Message) -> None:
        out = stream or sys.stderr
        out.write(message.record["extra"][_OURS].line(str(message)))
        out.flush()

    return logger.add(write, level=level.upper(), format=_TEXT, diagnose=False)


def protect(redactions: Iterable[Redaction]) -> None:
    """From now on have lines hide what any of ``redactions`` hides."""
    logger.configure(extra={_OURS: Redaction.of_all(redactions)})


def _unquote(record: Record) -> None:
    """Above DEBUG a line quotes nobody."""
    if record["level"].no > _DEBUG and (record["name"] or "").startswith("pipecat"):
        record["message"] = _QUOTED.sub(r"\1…", record["message"])
