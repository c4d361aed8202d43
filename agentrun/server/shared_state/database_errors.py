"""Tells failures of the shared database from bugs in agentrun."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError


class DatabaseDownError(Exception):
    """The database does not respond."""


TROUBLE = (SQLAlchemyError, OSError, TimeoutError, DatabaseDownError)
"""Raised while the database is away, busy for too long, or closing."""
