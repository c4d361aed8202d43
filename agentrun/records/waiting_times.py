"""Response times, compared with a spec's ``budget``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.records.percentile import percentile
from agentrun.spec.models.budget import Budget

_P95 = 0.95


@dataclass(frozen=True)
class WaitingTime:
    """``key`` of a budget allows ``allowed_ms``; it was ``ms``, the figure of ``number`` waits."""

    key: str
    ms: float
    allowed_ms: float
    number: int

    @property
    def exceeded(self) -> bool:
        """Whether that was too long."""
        return self.ms > self.allowed_ms

    def __str__(self) -> str:
        """For people.

        >>> str(WaitingTime("turn_p95", 1730.4, 1500.0, 12))
        'turn_p95 1730 of 1500 ms, 12 turns: too slow'
        """
        of = "turn" if self.key == "turn_p95" else "call"
        many = f"{self.number} {of}{'' if self.number == 1 else 's'}"
        return f"{self.key} {self.ms:.0f} of {self.allowed_ms:.0f} ms, {many}{': too slow' * self.exceeded}"


def in_ms(budget: Budget) -> dict[str, float]:
    """A budget as a record keeps it: what it bounds, in ms.

    >>> in_ms(Budget(turn_p95="1.5s"))
    {'turn_p95': 1500.0}
    """
    return {key: seconds * 1000 for key, seconds in budget if seconds}


def compare(
    allowed_ms: Mapping[str, float], first_audio: Sequence[float], turns: Sequence[float]
) -> list[WaitingTime]:
    """What was waited in ms, for each thing that is bounded and was measured.

    ``first_audio`` has the wait for each call's first sound, of which the longest counts; ``turns`` those
    for each answer.

    >>> [waited.exceeded for waited in compare({"first_audio": 900.0}, [850.0, 950.0], [])]
    [True]
    """
    measured = {
        "first_audio": (max(first_audio, default=None), len(first_audio)),
        "turn_p95": (percentile(turns, _P95), len(turns)),
    }
    return [
        WaitingTime(key, ms, allowed_ms[key], number)
        for key, (ms, number) in measured.items()
        if key in allowed_ms and ms is not None
    ]


def of_calls(records: Iterable[Mapping[str, Any]]) -> list[WaitingTime]:
    """The same for records of calls of one agent, by the budget of the first of them that has one."""
    calls = list(records)
    budgets = (call.get("spec", {}).get("budget") for call in calls)
    allowed: Mapping[str, float] = next(filter(None, budgets), {})
    greeted = [call["first_audio_ms"] for call in calls if call.get("first_audio_ms") is not None]
    return compare(allowed, greeted, [turn["total_ms"] for call in calls for turn in call.get("turns") or ()])
