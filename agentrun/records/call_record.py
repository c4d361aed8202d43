"""The record of one call: transcript, tool calls, outcome."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from agentrun.records.entries import Dropped, Entry, Failover, KeyPress, ListenerEntry, Turn
from agentrun.records.other_shapes import OtherShapes, restored
from agentrun.records.redaction.redaction import Redaction
from agentrun.records.storable import storable

EndedBy = Literal["caller", "agent", "error", "server", "network"]
_LISTS = ("transcript", "errors", "failovers", "turns", "dropped", "keypad", "listening")
_FORMER_FAILOVERS = "takeovers"
"""Who reads records may know them by this name."""
UNWRITTEN = (
    "redaction",
    "key",
    "clock",
    "failed_steps",
    "snapshot",
    "resume",
    "copied_at",
    "flush",
    "others",
    "other_shapes",
    "_began",
    "_opened",
    "_hung_up",
)
"""Parts that are of this process alone."""
_TIMES = ("started", "answered", "ended")


def _clock() -> Callable[[], float]:
    """The event loop's clock where one runs, so that a test's jumping clock holds for records too."""
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return time.monotonic


@dataclass
class CallRecord:
    """One record for every call, whatever ended it.

    The record itself holds the truth: the agent works with it. Whatever is sent is ``as_json``, and what
    a store is given is ``as_stored``.

    ``started`` is read from the wall clock once; every other time is ``started`` and what a monotonic clock
    says has passed since, so a wall clock that is set in mid call changes nothing. Seconds in the record
    count from ``answered``: the moment at which the line was open, which for a call that comes in is its
    start.
    """

    id: str
    agent: str
    transport: str
    from_number: str | None = None
    to_number: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    answered: datetime | None = None
    ended: datetime | None = None
    seconds: float = 0.0
    """How long the line was up."""
    ended_by: EndedBy | None = None
    reason: str = ""
    transcript: list[Entry] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    direction: Literal["inbound", "outbound"] = "inbound"
    """A call that the agent placed is outbound."""
    outcome: str = ""
    """Of such a call: answered, machine, busy, no-answer, failed or canceled."""
    answered_by: str = ""
    """Twilio's word for who picked up."""
    failovers: list[Failover] = field(default_factory=list)
    first_audio_ms: float | None = None
    """From ``answered`` to the agent's first sound."""
    turns: list[Turn] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    """What was said or written, and not taken or not spoken."""
    keypad: list[KeyPress] = field(default_factory=list)
    """Keys that nobody collected."""
    listening: list[ListenerEntry] = field(default_factory=list)
    """Who listened to the call in the dashboard."""
    variables: dict[str, Any] = field(default_factory=dict)
    """What the call has found out, by the names of ``save:`` and ``extract:``."""
    usage: dict[str, dict[str, float]] = field(default_factory=dict)
    """What each service was used for, by ``kind provider/model``."""
    cost: dict[str, Any] = field(default_factory=dict)
    """What that may have cost; nothing where the call was ``offline``."""
    offline: bool = False
    spec_hash: str = ""
    """Tells the spec and its files from another state of them."""
    versions: dict[str, str] = field(default_factory=dict)
    machine: str = ""
    """The name of the machine that had the call."""
    redaction: Redaction = field(default_factory=Redaction, repr=False, compare=False)
    recording: str = ""
    """The path or the address of the call's sound."""
    recording_deleted: float | None = None
    """The second at which it was stopped and deleted."""
    spec: dict[str, Any] = field(default_factory=dict)
    """What the call was run with, as ``spec_snapshot`` takes it."""
    analysis: dict[str, Any] = field(default_factory=dict)
    """What ``after_call`` found out, with its ``state``; nothing where it isn't asked for."""
    key: str = field(default_factory=lambda: secrets.token_hex(8), repr=False, compare=False)
    """Tells this record from another one of the same call: a store lets no other one write its row."""
    clock: Callable[[], float] = field(default_factory=_clock, repr=False, compare=False)
    snapshot: Callable[[], dict[str, Any]] | None = field(default=None, repr=False, compare=False)
    """Gives what another machine needs beside the record to go on with the call, where one may."""
    resume: dict[str, Any] | None = field(default=None, repr=False)
    """What that was when the record was copied."""
    copied_at: float = field(default=0.0, repr=False, compare=False)
    """How many seconds into the call that was."""
    failed_steps: list[str] = field(default_factory=list, repr=False, compare=False)
    """Those of ``errors`` that are steps of a flow which could not be taken."""
    flush: Callable[[], Awaitable[object]] | None = field(default=None, repr=False, compare=False)
    """Returns when what has happened by now is stored, or can't be; set by what writes the record."""
    others: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What another version has written of the call before it was taken over here; it is written again."""
    other_shapes: OtherShapes = field(default_factory=dict, repr=False, compare=False)
    """Of such a call: what was written in another shape than this version reads."""
    _began: float = field(default=0.0, init=False, repr=False, compare=False)
    _opened: float | None = field(default=None, init=False, repr=False, compare=False)
    _hung_up: float | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def begun_at(self, started: datetime) -> None:
        """The call began at ``started``, in another process."""
        self._began -= max(0.0, (self.started - started).total_seconds())
        self.started = started

    def resumed_at(self, seconds: float) -> None:
        """The call, which was answered, goes on in this process, so many ``seconds`` into it."""
        self._opened = self.clock() - seconds
        self._began = self._opened - ((self.answered or self.started) - self.started).total_seconds()

    def answer(self) -> None:
        """The line is open: seconds count from now on. What is said again is not heard."""
        if self._opened is None:
            self._opened = self.clock()
            self.answered = self._at(self._opened)

    def elapsed(self) -> float:
        """Seconds into the call, and its length once the line is closed."""
        return self.offset(self.clock())

    def offset(self, moment: float) -> float:
        """How many seconds into the call ``moment`` of the clock is: from when the line was opened.

        A call whose line never was counts from its start. Nothing is before that, and nothing after the end.
        """
        opened = self._began if self._opened is None else self._opened
        last = moment if self._hung_up is None else min(moment, self._hung_up)
        return round(max(0.0, last - opened), 3)

    def hang_up(self, ago: float = 0.0) -> None:
        """The line was closed ``ago`` seconds before now; what is said again is not heard."""
        if self._hung_up is None:
            self._hung_up = self.clock() - ago

    def close(self) -> None:
        """The call is over, and everything of it is written; what is said again is not heard."""
        if self.ended is None:
            self.hang_up()
            self.seconds = 0.0 if self._opened is None else self.elapsed()
            self.ended = self._at(self._hung_up or self.clock())

    def add_to_reason(self, words: str) -> bool:
        """Have ``reason`` say ``words`` too, once; whether it did not yet."""
        is_new = words not in self.reason
        self.reason += f"; {words}" if is_new else ""
        return is_new

    @property
    def takeovers(self) -> list[Failover]:
        """The former name of ``failovers``."""
        return self.failovers

    def copied(self) -> CallRecord:
        """A copy that stays as it is while the call goes on; cheap, as the parts are shared."""
        parts: dict[str, Any] = {name: list(getattr(self, name)) for name in _LISTS}
        usage = {name: dict(used) for name, used in self.usage.items()}
        parts["resume"] = self.snapshot() if self.snapshot and self.ended is None else None
        parts["copied_at"] = self.elapsed()
        return replace(self, **parts, usage=usage, cost=dict(self.cost), variables=dict(self.variables))

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, times in ISO 8601 and UTC, and with nothing in it that ``redaction`` hides."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in UNWRITTEN:
            del data[name]
        for name in _LISTS:
            data[name] = [_part(each) for each in data[name]]
        for name in _TIMES:
            data[name] = data[name].isoformat() if data[name] else None
        row: dict[str, Any] = self._redacted(storable({**self.others, **data}))
        row[_FORMER_FAILOVERS] = row["failovers"]
        return row

    def as_stored(self) -> dict[str, Any]:
        """As ``as_json``; what another version has written in another shape stands there as it was found."""
        return restored(self.as_json(), self.other_shapes)

    def _at(self, moment: float) -> datetime:
        return self.started + timedelta(seconds=max(0.0, moment - self._began))

    def _redacted(self, data: dict[str, Any]) -> dict[str, Any]:
        hide = self.redaction
        for key in ("from_number", "to_number"):
            data[key] = hide.number(data[key])
        for key in ("reason", "errors", "failovers", "variables", "analysis"):
            data[key] = hide.value(data[key])
        for entry in (*data["transcript"], *data["dropped"]):
            for key in ("written", "text"):
                if entry.get(key) and (key == "written" or "why" in entry):
                    entry[key] = hide.text(entry[key])
        for who in ("caller", "agent"):
            _hide_in([entry for entry in data["transcript"] if entry["who"] == who], "text", hide)
        _hide_in(data["keypad"], "keys", hide)
        _hide_in([entry for entry in data["transcript"] if entry["keys"]], "keys", hide)
        for entry in data["transcript"]:
            if entry["who"] == "tool":
                entry["text"] = hide.text(entry["text"])
                entry["arguments"] = hide.value(entry["arguments"])
        return data


def _part(part: Any) -> Any:
    """A part as JSON has it; what it holds is shared, for ``storable`` copies it."""
    if isinstance(part, str):
        return part
    own = dict(vars(part))
    others = own.pop("others")
    return {**others, **own} if others else own


def _hide_in(entries: list[dict[str, Any]], key: str, hide: Redaction) -> None:
    """A number that goes on from one entry to the next is hidden as well."""
    for entry, shown in zip(entries, hide.texts([entry[key] for entry in entries]), strict=True):
        entry[key] = shown
