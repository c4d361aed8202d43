"""What the caller of a quick call hears, and how soon."""

from __future__ import annotations

import math

from tests.calls.quick import QuickCall

LIMIT = 8.0 + 4.0
"""Seconds within which something must be heard: the spec's `limits.answer`, and what the apology takes."""


def heard_after(call: QuickCall, since: float) -> float:
    """Seconds until the caller hears something; endless where they don't."""
    return min((max(0.0, began - since) for began, ended in sounds(call) if ended > since), default=math.inf)


def sounds(call: QuickCall) -> list[tuple[float, float]]:
    """When each piece of sound began and ended, by the event loop's clock."""
    return call.transport.output().sounds  # type: ignore[attr-defined, no-any-return]
