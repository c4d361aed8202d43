"""Book, move and cancel appointments, which are kept in a SQLite file, and know who calls again.

A spec with the variables ``patient`` and ``appointment`` gets the name and the next appointment of a caller
whose number is in the diary, before the agent speaks.

- ``APPOINTMENTS_FILE``: the file; ``appointments.sqlite3`` in the current folder by default.
- ``APPOINTMENTS_HOURS``: days and hours, such as ``mon tue wed thu fri 09:00-17:00``, which is the default.
- ``APPOINTMENTS_ZONE``: the time zone of all times, such as ``Europe/Berlin``; this machine's by default.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agentrun import Call, ToolError, hookimpl, tool

LENGTH = timedelta(minutes=30)
HOURS = "mon tue wed thu fri 09:00-17:00"
# One appointment at a time: whatever two calls do at once, the database takes only the first.
TABLE = "CREATE TABLE IF NOT EXISTS appointments (begins TEXT PRIMARY KEY, name TEXT, phone TEXT)"


def list_free_appointments(call: Call, day: date) -> list[str]:
    """List the times of a day at which an appointment is free.

    Args:
        day: The day, such as 2026-11-24.
    """
    with diary(call) as book:
        return free(call, book, day)


@tool(on_interrupt="finish")
def book_appointment(call: Call, name: str, day: date, at: time) -> str:
    """Book an appointment. Ask for the name, the day and the time before.

    Args:
        name: Whom it is for, first and last name.
        day: The day, such as 2026-11-24.
        at: When it begins on the 24-hour clock, such as 14:30.
    """
    begins = bookable(call, day, at)
    with diary(call) as book:
        try:
            book.execute("INSERT INTO appointments VALUES (?, ?, ?)", (str(begins), name, call.caller))
        except sqlite3.IntegrityError:
            # A model that asks twice must not hear that its own caller has taken the time.
            if not is_there(book, begins, name, call.caller):
                raise taken(call, book, begins) from None
    return f"{name} has an appointment on {spoken(begins)}."


@tool(on_interrupt="finish")
def move_appointment(call: Call, name: str, day: date, at: time, new_day: date, new_at: time) -> str:
    """Move an appointment to another day or time.

    Args:
        name: Whom it is for, first and last name.
        day: The day that it was booked for, such as 2026-11-24.
        at: When it was to begin, such as 14:30.
        new_day: The new day.
        new_at: When it is to begin on the new day.
    """
    begins, target = datetime.combine(day, plain(at)), bookable(call, new_day, new_at)
    with diary(call) as book:
        change = "UPDATE appointments SET begins = ? WHERE begins = ? AND name = ? COLLATE NOCASE"
        try:
            moved = book.execute(change, (str(target), str(begins), name)).rowcount
        except sqlite3.IntegrityError:
            raise taken(call, book, target) from None
    if not moved:
        raise unknown(name, begins)
    return f"The appointment of {name} is now on {spoken(target)}."


@tool(on_interrupt="finish", confirm=True)
def cancel_appointment(call: Call, name: str, day: date, at: time) -> str:
    """Cancel an appointment.

    Args:
        name: Whom it is for, first and last name.
        day: The day that it was booked for, such as 2026-11-24.
        at: When it was to begin, such as 14:30.
    """
    begins = datetime.combine(day, plain(at))
    with diary(call) as book:
        removal = "DELETE FROM appointments WHERE begins = ? AND name = ? COLLATE NOCASE"
        cancelled = book.execute(removal, (str(begins), name)).rowcount
    if not cancelled:
        raise unknown(name, begins)
    return f"The appointment of {name} on {spoken(begins)} is cancelled."


@hookimpl
def agentrun_call_before(call: Call) -> dict[str, str] | None:
    """Who has an appointment under the number that calls, and when the next one is."""
    if call.from_number is None or not diary_file(call).exists():
        return None
    question = "SELECT name, begins FROM appointments WHERE phone = ? AND begins > ? ORDER BY begins LIMIT 1"
    with diary(call) as book:
        row = book.execute(question, (call.from_number, str(now(call)))).fetchone()
    return {"patient": row[0], "appointment": spoken(datetime.fromisoformat(row[1]))} if row else None


@hookimpl
def agentrun_tools() -> list[Callable[..., Any]]:
    return [list_free_appointments, book_appointment, move_appointment, cancel_appointment]


def diary_file(call: Call) -> Path:
    return Path(call.environ.get("APPOINTMENTS_FILE", "appointments.sqlite3"))


@contextmanager
def diary(call: Call) -> Iterator[sqlite3.Connection]:
    """The appointments, for one transaction: no other call or process comes in between."""
    with closing(sqlite3.connect(diary_file(call), isolation_level=None)) as book, book:
        book.execute("BEGIN IMMEDIATE")
        book.execute(TABLE)
        yield book


def bookable(call: Call, day: date, at: time) -> datetime:
    """The moment of an appointment; raises ToolError for one that is past, or outside the hours."""
    begins = datetime.combine(day, plain(at))
    if begins <= now(call):
        raise ToolError(f"{spoken(begins)} is past: it is {spoken(now(call))}. Ask for another time.")
    if begins not in slots(call, day):
        hours = call.environ.get("APPOINTMENTS_HOURS", HOURS)
        raise ToolError(
            f"No appointment begins at {spoken(begins)}. There is one every 30 minutes, {hours}. Offer one."
        )
    return begins


def slots(call: Call, day: date) -> list[datetime]:
    """When appointments may begin on ``day``; the last one ends when the hours do."""
    *days, hours = call.environ.get("APPOINTMENTS_HOURS", HOURS).split()
    if day.strftime("%a").casefold() not in days:
        return []
    opens, closes = (datetime.combine(day, time.fromisoformat(hour)) for hour in hours.split("-"))
    return [opens + n * LENGTH for n in range((closes - opens) // LENGTH)]


def free(call: Call, book: sqlite3.Connection, day: date) -> list[str]:
    """The times of ``day`` that are neither past nor taken, such as ``14:30``."""
    busy = {begins for (begins,) in book.execute("SELECT begins FROM appointments")}
    times = [begins for begins in slots(call, day) if begins > now(call) and str(begins) not in busy]
    return [f"{begins:%H:%M}" for begins in times]


def is_there(book: sqlite3.Connection, begins: datetime, name: str, phone: str) -> bool:
    """Whether this very appointment was booked before."""
    question = "SELECT 1 FROM appointments WHERE (begins, name, phone) = (?, ?, ?)"
    return book.execute(question, (str(begins), name, phone)).fetchone() is not None


def taken(call: Call, book: sqlite3.Connection, begins: datetime) -> ToolError:
    times = ", ".join(free(call, book, begins.date())) or "nothing; offer another day"
    return ToolError(f"{spoken(begins)} is taken. Free on that day: {times}.")


def unknown(name: str, begins: datetime) -> ToolError:
    return ToolError(f"{name} has no appointment on {spoken(begins)}. Ask for the name, day and time again.")


def now(call: Call) -> datetime:
    """The time on the wall where the appointments are."""
    zone = call.environ.get("APPOINTMENTS_ZONE")
    return datetime.now(ZoneInfo(zone) if zone else None).replace(tzinfo=None)


def plain(at: time) -> time:
    """The time without the zone that a model may have added: appointments are on the clock on the wall."""
    return at.replace(second=0, microsecond=0, tzinfo=None)


def spoken(moment: datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B} at {moment:%H:%M}"
