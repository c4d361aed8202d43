"""The outcome of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from agentrun.records import Entry


@dataclass(frozen=True)
class Failure:
    """One thing that did not happen as expected; ``turn`` and ``expectation`` count from 1, 0 is none."""

    turn: int
    expectation: int
    expected: str
    reason: str
    kind: str


@dataclass(frozen=True)
class Outcome:
    """``unjudged`` lists the criteria that only a judge can decide; ``place`` is where the test stands.

    ``first_audio`` has the seconds from the end of each turn of the caller's to the first sound of the
    answer, ``greeting`` those from the beginning of the call to its first sound.
    """

    spec: str
    name: str
    status: Literal["passed", "failed", "skipped"]
    seconds: float
    place: str = ""
    depth: str = "text"
    reason: str = ""
    failures: tuple[Failure, ...] = ()
    unjudged: tuple[str, ...] = ()
    conversation: tuple[Entry, ...] = ()
    turns: int = 0
    first_audio: tuple[float | None, ...] = field(default=())
    greeting: float | None = None

    @property
    def id(self) -> str:
        """``agents/ncaa.yaml::mens-scores``."""
        return f"{self.spec}::{self.name}"

    def despite(self, misfits: Sequence[str]) -> Outcome:
        """The same, failed where a cassette did not hold what was asked."""
        failures = tuple(Failure(0, 0, "what was recorded", misfit, "not_recorded") for misfit in misfits[:1])
        return replace(self, status="failed", failures=failures) if failures else self

    def with_failures(self, failures: Sequence[Failure]) -> Outcome:
        """The same, failed by these too; they come first, for they explain the others."""
        all_failures = (*failures, *self.failures)
        return replace(self, status="failed", failures=all_failures) if failures else self

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"id": self.id, **asdict(self)}
