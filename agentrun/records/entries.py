"""The parts of a record: what was said and done, and when.

Parts don't change once they are made. A record is changed by adding one or by putting another in its place,
so that the writer of records sees what has changed by looking at which parts are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal

CutBy = Literal["", "caller", "agent", "hang-up", "provider", "server"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Whatever a list of a record has in it.

    ``others`` is what a part of a call that was taken over has beside, written by another version.
    """

    others: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)


def own_fields(kind: type[Part]) -> list[Field[Any]]:
    """What a part of this kind is written with.

    >>> [each.name for each in own_fields(KeyPress)]
    ['at', 'keys']
    """
    return [each for each in fields(kind) if each.name != "others"]


@dataclass(frozen=True)
class Entry(Part):
    """One line of the transcript; ``at`` is when it began, in seconds from the start of the call.

    ``who`` is ``caller``, ``agent`` or ``tool``. A tool's entry carries its ``name``, ``arguments``,
    ``status`` and ``seconds``. Of an answer that was cut the text is what was heard of it; ``interrupted``
    marks it, and ``cut_by`` says what cut it: the ``caller`` who spoke, the ``agent`` itself with an apology
    or a goodbye, a ``hang-up``, the ``provider`` whose realtime model broke off, or the ``server`` that
    stopped. Of an answer ``text`` is what was said, and ``written`` what the model wrote where that differs.
    A caller who has pressed ``keys`` has said nothing: ``text`` is what the keys stand for.
    """

    at: float
    who: Literal["caller", "agent", "tool"]
    text: str
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    status: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    cut_by: CutBy = ""
    written: str = ""
    keys: str = ""


@dataclass(frozen=True)
class Dropped(Part):
    """A text that is no part of the conversation, at ``at`` seconds, and ``why`` it was dropped.

    The ``caller``'s is a transcript of what was no speech; the ``agent``'s is an answer, as the model wrote
    it, of which not all could be said.
    """

    at: float
    who: Literal["caller", "agent"]
    text: str
    why: str


@dataclass(frozen=True)
class Failover(Part):
    """At ``at`` seconds ``service`` went on with a ``part`` (``stt``, ``llm`` or ``tts``).

    ``error`` says what was wrong with the service before it, ``instead_of``; it is empty when an earlier
    service was gone back to.
    """

    at: float
    part: str
    service: str
    instead_of: str
    error: str = ""


Takeover = Failover
"""The former name."""


@dataclass(frozen=True)
class Turn(Part):
    """An answer: the caller's last word ended ``at`` seconds, and its first sound came ``total_ms`` later.

    ``stages`` are its parts in ms: ``endpointing``, ``stt``, ``llm`` (until there was something to speak),
    ``tool``, ``tts`` and ``transport`` of a cascade; ``endpointing``, ``model``, ``tool`` and ``transport``
    of a realtime model. Those that took no time are left out.
    """

    at: float
    total_ms: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class ListenerEntry(Part):
    """From ``at`` seconds on, for so many ``seconds``, somebody listened to the call: ``by`` says who.

    ``seconds`` is None while they do.
    """

    at: float
    by: str
    seconds: float | None = None


@dataclass(frozen=True)
class KeyPress(Part):
    """Keys of the telephone that nobody had asked for: the first was pressed ``at`` seconds into the call."""

    at: float
    keys: str
