"""The axes of a chart: round values up the side, times along the bottom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MOST_TICKS = 5
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_LAST = 0.93
"""How far right a time may begin: what begins later has no room."""


@dataclass(frozen=True)
class Scale:
    """A scale from 0 to ``top``, with ``ticks`` on it."""

    top: float
    ticks: Sequence[float]

    def height(self, value: float) -> float:
        """How high a value is, in percent of the chart."""
        return value / self.top * 100


@dataclass(frozen=True)
class TimeTick:
    """A time at the bottom, at ``left`` percent; ``is_extra`` where a narrow page has no room for it."""

    left: float
    time: datetime
    form: str
    is_extra: bool


def scale(most: float, whole: bool = False) -> Scale:
    """A scale that holds ``most`` and has at most six round ticks; of ``whole`` numbers only, if wanted.

    >>> scale(1833.0).ticks
    (0.0, 500.0, 1000.0, 1500.0, 2000.0)
    >>> scale(3, whole=True).ticks
    (0.0, 1.0, 2.0, 3.0)
    """
    rough = max(most, 1.0) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [part * power for part in _ROUND] + [20 * power]
    fitting = (step for step in steps if step >= rough and (not whole or step == int(step)))
    step = next(fitting, 1.0)
    number = max(1, math.ceil(max(most, step) / step))
    return Scale(number * step, tuple(step * place for place in range(number + 1)))


def times(began: Sequence[datetime], every: int, form: str) -> list[TimeTick]:
    """A tick where every so-manieth column begins, from the first one on."""
    number = len(began)
    return [
        TimeTick(place / number * 100, time, form, (place // every) % 2 == 1)
        for place, time in enumerate(began)
        if place % every == 0
    ]


def seconds(length: float) -> list[int]:
    """Round times in a recording of ``length`` seconds, 0 first: six, if it is not many hours long.

    >>> seconds(34.0), seconds(3725.0)
    ([0, 10, 20, 30], [0, 900, 1800, 2700])
    """
    step = next((step for step in _SECONDS if length / step <= MOST_TICKS + 1), _SECONDS[-1])
    return [0, *(place for place in range(step, int(length) + 1, step) if place <= length * _LAST)]
