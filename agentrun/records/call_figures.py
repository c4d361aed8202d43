"""Statistics that can be summed over calls: outcomes and response times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["end", "stage", "answer"]
UP = "up"
"""How a call has ended that has not."""
BUCKETS_PER_OCTAVE = 16
"""Times of answers are counted in steps of 4.4 %; a percentile is the mean of its step's times."""
SHORTEST_MS, LONGEST_MS = 1.0, 600_000.0


@dataclass
class Sum:
    """So many values, and what they come to; of times that is ms."""

    count: int = 0
    total: float = 0.0

    def add(self, count: int, total: float) -> None:
        """Count some more."""
        self.count += count
        self.total += total

    @property
    def mean(self) -> float:
        """The mean of the values, of which there must be one."""
        return self.total / self.count


@dataclass
class Figures:
    """The sums of some calls: ``ends`` by who ended them, ``stages`` of answers, ``answers`` by bucket.

    >>> figures = Figures()
    >>> figures.add_call({"ended_by": "caller", "turns": [{"total_ms": 900.0, "stages": {"llm": 400.0}}]})
    >>> figures.calls, figures.percentile(0.5), figures.stage_ms("llm")
    (1, 900.0, 400.0)
    """

    ends: dict[str, Sum] = field(default_factory=dict)
    stages: dict[str, Sum] = field(default_factory=dict)
    answers: dict[int, Sum] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many calls there are."""
        return sum(each.count for each in self.ends.values())

    @property
    def failed(self) -> int:
        """How many of them an error ended."""
        return self.ends["error"].count if "error" in self.ends else 0

    def add_call(self, row: Mapping[str, Any]) -> None:
        """Count a call, of which ``ended_by`` and ``turns`` are read."""
        self.add("end", row.get("ended_by") or UP, 1, 0.0)
        for turn in row.get("turns") or ():
            self.add("answer", str(bucket(turn["total_ms"])), 1, turn["total_ms"])
            for stage, ms in turn["stages"].items():
                self.add("stage", stage, 1, ms)

    def add(self, kind: str, name: str, count: int, total: float) -> None:
        """Add one sum; kinds that a newer version counts are passed over."""
        if kind == "end":
            self.ends.setdefault(name, Sum()).add(count, total)
        elif kind == "stage":
            self.stages.setdefault(name, Sum()).add(count, total)
        elif kind == "answer":
            self.answers.setdefault(int(name), Sum()).add(count, total)

    def parts(self) -> Iterator[tuple[Kind, str, Sum]]:
        """Every sum, with its kind and its name."""
        yield from (("end", name, each) for name, each in self.ends.items())
        yield from (("stage", name, each) for name, each in self.stages.items())
        yield from (("answer", str(name), each) for name, each in self.answers.items())

    def percentile(self, part: float) -> float | None:
        """The ms that ``part`` of the answers don't exceed, to about 2 %; None without answers."""
        rank = part * sum(each.count for each in self.answers.values())
        for name in sorted(self.answers):
            rank -= self.answers[name].count
            if rank <= 0:
                return self.answers[name].mean
        return None

    def stage_ms(self, stage: str) -> float:
        """What a stage adds to an answer in the mean, 0 where it is in none."""
        answers = sum(each.count for each in self.answers.values())
        return self.stages[stage].total / answers if answers and stage in self.stages else 0.0


def bucket(ms: float) -> int:
    """The number of the step that a time is in.

    >>> bucket(1000.0), bucket(1001.0), bucket(2000.0)
    (159, 159, 175)
    """
    bounded = min(max(ms, SHORTEST_MS), LONGEST_MS)
    return math.floor(math.log2(bounded) * BUCKETS_PER_OCTAVE)
