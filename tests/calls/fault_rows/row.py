"""One cell of the fault table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agentrun.simulate.faults import Fault, Route

ANSWER_SECONDS = 8.0
"""``limits.answer`` of the table's agent."""
MOST_SILENCE = ANSWER_SECONDS + 4
APOLOGY, REPEAT, WAIT = "I am sorry.", "Sorry, say that again.", "One moment, please."
ANSWER = "the answer"
AGAIN = "the question again"
SORRY = "the apology"
PART = "a part, and more"
NOTHING = "nothing: nobody is there"

Part = Literal["stt", "llm", "tts", "realtime", "tool", "line"]
Moment = Literal["greeting", "turn", "in mid question", "in mid answer"]
ROUTES: dict[Part, Route] = {
    "stt": "transcriptions",
    "llm": "chat",
    "tts": "speech",
    "realtime": "responses",
}


@dataclass(frozen=True)
class Row:
    """A ``fault`` of a ``part``: what the caller ``hears``, ``within`` seconds, what the ``record`` names.

    ``route`` is where the fault is put, if not where the part's requests go. A tool's fault, and the line's,
    is known by its name; ``tls`` is an address that doesn't speak it. The caller ``asks`` so many times. A
    part with a ``fallback`` has a second service, which is at fault as well where it is ``broken``. Another
    part may have a fault ``beside`` it. An ear that is ``streaming`` has a socket for the whole call.
    """

    part: Part
    name: str
    fault: Fault | None = field(repr=False)
    hears: str
    within: float
    record: str = ""
    moment: Moment = "turn"
    route: Route | None = None
    tls: bool = False
    asks: int = 1
    fallback: Literal["", "works", "broken"] = ""
    beside: tuple[Route, Fault] | None = field(default=None, repr=False)
    streaming: bool = False

    @property
    def id(self) -> str:
        """The row's name as a test's."""
        how = " with a fallback" if self.fallback else " streaming" if self.streaming else ""
        return f"{self.part}{how}, {self.name}, {self.moment}"

    @property
    def is_spoken(self) -> bool:
        """Whether the caller's question is sound: what hears it is at fault."""
        deaf = self.fault is not None and self.fault.kind == "deaf"
        return deaf or self.part == "stt" or (self.beside is not None and self.beside[0] == "transcriptions")

    @property
    def goes_on(self) -> bool:
        """Whether the call does."""
        return self.hears not in (SORRY, NOTHING)


def status(number: int, times: int = -1, *, retry_after: int = 0, code: str = "") -> Fault:
    """An HTTP status instead of an answer."""
    return Fault("status", number, times, retry_after=retry_after, code=code)


def fault(kind: str, after: int = 0, times: int = -1, code: str = "") -> Fault:
    """Any other fault."""
    return Fault(kind, times=times, after=after, code=code)  # type: ignore[arg-type]


def after(seconds: int, then: Fault) -> Fault:
    """A fault that comes ``seconds`` after the first request, or with the second one."""
    return Fault("late", after=seconds, times=1, then=then)


def once(kind: str, after: int = 0, code: str = "") -> Fault:
    """A fault that passes."""
    return fault(kind, after, 1, code)
