"""The interface of the shared state, with back ends in memory, SQLite and PostgreSQL.

A back end keeps it: ``memory`` for one process, ``sql`` for the workers of one machine (SQLite) and for
machines (PostgreSQL). Each method is one decision: exact over all that share the back end, and by its clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from agentrun.server.admission.limits import Limits, Refusal

if TYPE_CHECKING:
    from agentrun.server.shared_state.message_table import MessageTable
    from agentrun.server.shared_state.placed_table import PlacedTable

LEASE_SECONDS = 20.0
"""A process without a heartbeat for this long may be dead, and its calls no longer count."""


@dataclass(frozen=True)
class Asked:
    """A request for a slot, which the call loses unless it is up within ``seconds``."""

    agent: str
    call_id: str
    caller: str
    seconds: float
    own: Limits = field(default_factory=Limits)
    server: Limits = field(default_factory=Limits)

    @property
    def scopes(self) -> list[tuple[str, Limits]]:
        """The limits in effect: the agent's under its name, those over all agents under ''."""
        both = ((self.agent, self.own), ("", self.server))
        return [(whose, limits) for whose, limits in both if limits.any]


@dataclass(frozen=True)
class Place:
    """A call in progress."""

    agent: str
    call_id: str
    caller: str = ""


@dataclass(frozen=True)
class Up:
    """A change: the call is up, and keeps its slot until it is released."""

    place: Place


@dataclass(frozen=True)
class Renamed:
    """A change: the call has a new id."""

    agent: str
    old: str
    new: str


@dataclass(frozen=True)
class Released:
    """A change: the call is over, or never began."""

    agent: str
    call_id: str


Change = Up | Renamed | Released
CallName = tuple[str, str]
"""An agent, and its call's id."""


@dataclass(frozen=True)
class Process:
    """A server process: its ``id`` is unique, its ``machine`` may be shared by several.

    ``address`` is where the others reach it, such as http://10.0.0.5:40001, or empty.
    """

    id: str
    machine: str = ""
    address: str = ""
    version: str = ""


@dataclass(frozen=True)
class Heartbeat:
    """The result of a heartbeat: the live processes, and how many calls are up and expected in total.

    ``now`` is in Unix seconds, by the back end's clock.
    """

    now: float
    processes: tuple[Process, ...] = ()
    up: int = 0
    expected: int = 0


@dataclass(frozen=True)
class Placed:
    """An outbound call: ``id`` is ours, ``call_id`` is Twilio's, empty until it is known.

    ``owner`` is the process that has the call's record, ``started`` in ISO 8601. Of a call that has
    ``ended`` neither numbers nor parameters are known any more.
    """

    id: str
    agent: str
    owner: str
    caller: str
    called: str
    parameters: Mapping[str, str]
    started: str
    call_id: str = ""
    ended: bool = False


@dataclass(frozen=True)
class Message:
    """A message from one process to another; ``kind`` determines the format of ``body``."""

    kind: str
    body: Mapping[str, str]


class Backend(Protocol):
    """Its methods block; those of ``sql`` raise sqlalchemy.exc.SQLAlchemyError and OSError."""

    url: str
    """Where it is, or nothing."""

    @property
    def placed(self) -> PlacedTable | None:
        """The outbound calls of all processes; None if there is only one."""

    @property
    def messages(self) -> MessageTable | None:
        """The messages between processes; None if there is only one."""

    def ask(self, asked: Asked) -> Refusal | None:
        """Reserve a slot; None if the call has one. Asking again for the same call takes no second slot."""

    def apply(self, changes: Sequence[Change], owner: str) -> None:
        """Apply changes to the calls of ``owner``, in this order."""

    def beat(self, me: Process, up: Collection[Place]) -> Heartbeat:
        """Report that ``me`` is alive with exactly these calls; forget dead processes and finished calls."""

    def elsewhere(self, owner: str, calls: Collection[CallName]) -> list[CallName]:
        """Those of ``calls`` that are not expected any more, and not up at ``owner``: others have them."""

    def leave(self, owner: str) -> None:
        """``owner`` stops: its calls are over."""

    def process(self, name: str) -> Process | None:
        """The process with this id while it is alive, or None."""

    def use(self, name: str, seconds: float) -> bool:
        """Whether ``name`` is used for the first time; it is remembered for ``seconds``."""

    def wait(self, what: str, per_minute: int) -> float:
        """Count ``what`` and return 0, or return the seconds until it is allowed again."""

    def has_answered(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered before."""

    def claim(self, agent: str, call_id: str) -> bool:
        """Claim the call; whether it is answered now for the first time."""

    def forget_answer(self, agent: str, call_id: str) -> None:
        """The call was not answered after all, and may be claimed again."""

    def close(self) -> None:
        """Close all connections."""
