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
"""A process that has said nothing for so long may be dead: its calls count no more."""


@dataclass(frozen=True)
class Asked:
    """A call that asks for a place, which it loses unless it is up within ``seconds``."""

    agent: str
    call_id: str
    caller: str
    seconds: float
    own: Limits = field(default_factory=Limits)
    server: Limits = field(default_factory=Limits)

    @property
    def scopes(self) -> list[tuple[str, Limits]]:
        """The limits that there are: the agent's under its name, those of all agents under ''."""
        both = ((self.agent, self.own), ("", self.server))
        return [(whose, limits) for whose, limits in both if limits.any]


@dataclass(frozen=True)
class Place:
    """A call that is up."""

    agent: str
    call_id: str
    caller: str = ""


@dataclass(frozen=True)
class Up:
    """A change: the call is up, and keeps its place until it is released."""

    place: Place


@dataclass(frozen=True)
class Renamed:
    """A change: the call has got another name."""

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
    """A process that serves: its ``id`` is its own, ``machine`` may be shared by several of them.

    ``address`` is where the others reach it, such as http://10.0.0.5:40001, or empty.
    """

    id: str
    machine: str = ""
    address: str = ""
    version: str = ""


@dataclass(frozen=True)
class Heartbeat:
    """What a heartbeat tells: who is there, and how many calls are up and expected over all.

    ``now`` is in Unix seconds, by the back end's clock.
    """

    now: float
    processes: tuple[Process, ...] = ()
    up: int = 0
    expected: int = 0


@dataclass(frozen=True)
class Placed:
    """A call that an agent placed: ``id`` is ours, ``call_id`` Twilio's, empty until it is known.

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
    """What one process tells another: ``kind`` says how ``body`` is to be read."""

    kind: str
    body: Mapping[str, str]


class Backend(Protocol):
    """Its methods block; those of ``sql`` raise sqlalchemy.exc.SQLAlchemyError and OSError."""

    url: str
    """Where it is, or nothing."""

    @property
    def placed(self) -> PlacedTable | None:
        """What processes know of each other's placed calls; None where there is but one."""

    @property
    def messages(self) -> MessageTable | None:
        """What processes tell each other; None where there is but one."""

    def ask(self, asked: Asked) -> Refusal | None:
        """None when the call has a place; asking again for the same call takes no second one."""

    def apply(self, changes: Sequence[Change], owner: str) -> None:
        """Write what has become of calls of ``owner``, in this order."""

    def beat(self, me: Process, up: Collection[Place]) -> Heartbeat:
        """Say that ``me`` is there with exactly these calls up; forget who is not, and what is over."""

    def elsewhere(self, owner: str, calls: Collection[CallName]) -> list[CallName]:
        """Those of ``calls`` that are not expected any more, and not up at ``owner``: others have them."""

    def leave(self, owner: str) -> None:
        """``owner`` stops: its calls are over."""

    def process(self, name: str) -> Process | None:
        """The process of this id, while it is there."""

    def use(self, name: str, seconds: float) -> bool:
        """Whether ``name`` is used for the first time; it is remembered for so many seconds."""

    def wait(self, what: str, per_minute: int) -> float:
        """0 and it counts, or the seconds until ``what`` may happen once more."""

    def has_answered(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered before."""

    def claim(self, agent: str, call_id: str) -> bool:
        """Whether this call is answered now, for the first time."""

    def forget_answer(self, agent: str, call_id: str) -> None:
        """This call was not answered after all, and may come again."""

    def close(self) -> None:
        """Let go of every connection."""
