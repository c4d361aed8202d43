"""Percentiles."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], part: float) -> float | None:
    """The value that ``part`` of ``values`` don't exceed, between the two nearest; None without values.

    >>> percentile([30.0, 10.0, 20.0], 0.5)
    20.0
    """
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]
