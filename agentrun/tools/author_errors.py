"""Contains the errors of plugin code."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from agentrun.errors import ToolError


class AuthoredError(Exception):
    """An exception of a plugin's own code; ``error`` is the exception itself."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {words_of(error)}")
        self.error = error

    @property
    def detail(self) -> str:
        """The exception and its place in the first line, then the traceback, which may quote arguments."""
        frames = traceback.extract_tb(self.error.__traceback__)
        place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        trace = "".join(traceback.format_exception(self.error))
        return f"{type(self.error).__name__}{place}\n{trace}"


def words_of(error: BaseException) -> str:
    """What an author's exception says; one that raises where it should say something is told as such."""
    try:
        return str(error)
    except BaseException as another:  # noqa: BLE001 - it may raise anything, as the rest of a tool may
        return f"its text raises {type(another).__name__}"


@contextmanager
def authored() -> Iterator[None]:
    """Let only ToolError, AuthoredError and cancellations out of the block.

    A plugin that calls ``sys.exit`` ends itself, not the server.

    >>> with authored():
    ...     1 / 0
    Traceback (most recent call last):
    ...
    agentrun.tools.author_errors.AuthoredError: ZeroDivisionError: division by zero
    """
    try:
        yield
    except ToolError:
        raise
    except (Exception, SystemExit) as error:  # what a plugin's author wrote may raise anything
        raise AuthoredError(error) from error
