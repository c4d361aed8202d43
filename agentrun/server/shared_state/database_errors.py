"""What a database that others share the state in may raise, and how it is told from a mistake of ours."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError


class DatabaseDownError(Exception):
    """The database does not answer."""


TROUBLE = (SQLAlchemyError, OSError, TimeoutError, DatabaseDownError)
"""Raised while the database is away, busy for too long, or closing."""
