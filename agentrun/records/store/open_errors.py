"""Explains why a database could not be opened, and what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.records.store import engine
from agentrun.records.store.postgresql import pooler


@contextlib.contextmanager
def opening(url: str, option: str, *, kind: str, example: str, failed: str) -> Iterator[None]:
    """For a block that opens the database at ``url``: raises SetupError for what goes wrong in it.

    ``option`` is that of the command line which names the database. ``kind``, ``example`` and ``failed`` are
    parts of the messages: what the address should be one of, how it is written, and what can't be done
    without it.

    >>> with opening("what", "--records", kind="a store", example="sqlite://", failed="no records"):
    ...     engine.make("what")
    Traceback (most recent call last):
    agentrun.errors.SetupError: 'what' is not an address of a store
      hint: write sqlite://
    """
    try:
        yield
    except sa.exc.ArgumentError:
        raise SetupError(f"'{engine.shown(url)}' is not an address of {kind}", f"write {example}") from None
    except ModuleNotFoundError as error:
        hint = install_extra("postgresql")
        raise SetupError(f"{option} needs {error.name}, which is not installed", hint) from None
    except sa.exc.SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).splitlines()[0]
        message = f"{failed} at {engine.shown(url)}: {words}"
        raise SetupError(message, pooler.hint(words, f"see {option}, or {option} none")) from None
