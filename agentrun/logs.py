"""Log output: where it goes, its format, and the redaction of secrets."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TextIO

from loguru import logger

from agentrun.printable import as_json, one_line, printable
from agentrun.records.redaction.redaction import Redaction
from agentrun.repeated_lines import RepeatedLines

if TYPE_CHECKING:
    from loguru import Message, Record

Form = Literal["text", "json"]
_TEXT = "{time:HH:mm:ss} {level: <7} {extra[line]}"
_LINE = "line"
_QUOTED = re.compile(r"(\b(?:text|arguments): ?|not speaking )\S.*", re.DOTALL)
"""Places in Pipecat's log lines that quote what was said, or a tool's arguments."""
_STATEMENTS = ("sqlalchemy", "alembic")
"""Loggers that print what is written to a store; shown only from WARNING on."""
_OURS = "redaction"
"""The key in a record's ``extra`` for the redaction that applies to the line."""


def begin(
    level: str, stream: TextIO | None = None, *, form: Form = "text", redaction: Redaction | None = None
) -> int:
    """Send lines of ``level`` and above to ``stream``, standard error by default, and nothing else anywhere.

    ``json`` gives one object a line, tracebacks too: ``time`` in ISO 8601 and UTC, ``level``, ``message``,
    ``logger`` (a module), and where there are such ``call``, ``agent`` and ``exception``. What programs and
    libraries say over Python's ``logging`` goes the same way; libraries below a warning only at DEBUG. A
    warning that comes again and again is counted (``RepeatedLines``).
    ``redaction`` holds until ``protect`` names another one. Gives the sink's number, for ``logger.remove``.
    """
    logger.remove()
    logger.configure(patcher=_unquote)
    protect([redaction or Redaction()])

    _take_over(logging.getLevelName(level.upper()))
    return logger.add(_Lines(stream, form), level=level.upper(), format=_TEXT, diagnose=False)


def protect(redactions: Iterable[Redaction]) -> None:
    """Redact log lines with all of ``redactions`` from now on."""
    logger.configure(extra={_OURS: Redaction.of_all(redactions)})


def hide_in_all_sinks(redactions: Iterable[Redaction]) -> None:
    """Redact log lines with all of ``redactions`` from now on, in every sink, including those of others.

    A traceback becomes part of its line, without the values of variables.
    """
    hide = Redaction.of_all(redactions)

    def patch(record: Record) -> None:
        _unquote(record)
        if raised := record["exception"]:
            trace = "".join(traceback.format_exception(raised.value)) if raised.value else ""
            record["message"] = f"{record['message']}\n{trace}".rstrip()
            record["exception"] = None
        record["message"] = hide.line(record["message"])

    logger.configure(patcher=patch)


class _Lines:
    """Writes log lines, collapsing repeated ones into one line and a count."""

    def __init__(self, stream: TextIO | None, form: Form) -> None:
        self._stream = stream
        self._form = form
        self._repeated = RepeatedLines()

    def write(self, message: Message) -> None:
        """Write a line, after the counts that are complete."""
        self._tell(self._repeated.over())
        if self._repeated.is_first(message.record):
            hide = message.record["extra"][_OURS]
            is_json = self._form == "json"
            self._put(_as_json(message.record, hide) if is_json else _as_text(hide.line(str(message))))

    def stop(self) -> None:
        """Write the remaining counts."""
        self._tell(self._repeated.over(at_once=True))

    def _tell(self, counted: Iterable[tuple[Record, str]]) -> None:
        for first, words in counted:
            hide, now = first["extra"][_OURS], datetime.now(UTC).astimezone()
            if self._form == "json":
                self._put(_as_json({**first, "time": now, "message": words, "exception": None}, hide))
            else:
                line = f"{now:%H:%M:%S} {first['level'].name: <7} {one_line(words)}"
                self._put(_as_text(hide.line(line)))

    def _put(self, line: str) -> None:
        out = self._stream or sys.stderr
        out.write(line)
        out.flush()


class _Passing(logging.Handler):
    """Forwards Python's ``logging`` to loguru, under the logger's name."""

    def __init__(self, quiet: bool) -> None:
        super().__init__()
        self._quiet = quiet

    def emit(self, record: logging.LogRecord) -> None:
        """Forward one line; if quiet, a library's only from WARNING on."""
        if self._quiet and record.levelno < logging.WARNING and "site-packages" in record.pathname:
            return
        known = record.levelname in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        channel = logger.patch(lambda line: line.__setitem__("name", record.name))
        level = record.levelname if known else record.levelno
        channel.opt(exception=record.exc_info).log(level, "{}", record.getMessage())


def _take_over(level: int) -> None:
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Passing)]:
        root.removeHandler(handler)
    root.addHandler(_Passing(level > logging.DEBUG))
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in _STATEMENTS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _unquote(record: Record) -> None:
    """Remove quotes above DEBUG, and line breaks that could fake another line."""
    if record["level"].no > logging.DEBUG and (record["name"] or "").startswith("pipecat"):
        record["message"] = _QUOTED.sub(r"\1…", record["message"])
    record["extra"][_LINE] = one_line(record["message"])


def _as_text(line: str) -> str:
    """A line, and what a traceback adds to it set further in, as nothing in that is a line of its own."""
    first, *more = printable(line).rstrip("\n").split("\n")
    return "\n".join([first, *(f"  {each}" for each in more)]) + "\n"


def _as_json(record: Record, hide: Redaction) -> str:
    extra, raised = record["extra"], record["exception"]
    line = {
        "time": record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": hide.line(record["message"]),
        "call": extra.get("call"),
        "agent": extra.get("agent"),
        "logger": record["name"],
        "exception": hide.line("".join(traceback.format_exception(raised.value))) if raised else None,
    }
    return as_json({key: value for key, value in line.items() if value is not None}) + "\n"
