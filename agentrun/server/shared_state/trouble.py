"""What a database that others share the state in may raise, and how it is told from a mistake of ours."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.exc import SQLAlchemyError


class AwayError(Exception):
    """The database does not answer."""


TROUBLE = (SQLAlchemyError, OSError, TimeoutError, AwayError)
"""Raised while the database is away, busy for too long, or closing."""


def heed(future: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more, so that asyncio doesn't warn of it."""
    if not future.cancelled():
        future.exception()
