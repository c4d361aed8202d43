"""The results of a load test, compared with the spec's budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrun.records import waiting_times
from agentrun.simulate.bench.measure import Load


@dataclass(frozen=True)
class BenchResult:
    """``alone`` is one call, ``together`` all of them; ``allowed_ms`` is the spec's budget."""

    target: str
    alone: Load
    together: Load
    allowed_ms: Mapping[str, float]

    @property
    def budget(self) -> list[Any]:
        """What was waited, beside what the spec allows."""
        figures = self.together.figures
        return waiting_times.compare(self.allowed_ms, figures.greetings, figures.answers + figures.with_tool)

    @property
    def failed(self) -> bool:
        """Whether a call failed, or callers waited too long."""
        failures = self.alone.figures.failures + self.together.figures.failures
        return bool(failures) or any(waited.exceeded for waited in self.budget)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready; times in ms."""
        budget = [{**dataclasses.asdict(waited), "exceeded": waited.exceeded} for waited in self.budget]
        loads = {"alone": self.alone.as_json(), "together": self.together.as_json()}
        return {"target": self.target, **loads, "budget": budget}
