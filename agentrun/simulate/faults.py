"""What goes wrong on purpose, and how slow the stand-in is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

Route = Literal["transcriptions", "chat", "speech", "responses", "realtime"]
Kind = Literal["status", "hang", "cut", "refuse", "error", "close", "drop"]
ALWAYS = -1


@dataclass
class Fault:
    """One fault of one route.

    ``status`` answers with ``status``; ``hang`` never answers; ``cut`` breaks the connection off after
    ``after`` bytes or events; a realtime socket can also be refused (``refuse``), sent an ``error`` event,
    closed (``close``) or dropped (``drop``) after ``after`` events. ``times`` is how often; ALWAYS is -1.
    """

    kind: Kind
    status: int = 500
    times: int = ALWAYS
    after: int = 0

    def take(self) -> bool:
        """Whether it strikes now."""
        if self.times == 0:
            return False
        if self.times > 0:
            self.times -= 1
        return True


@dataclass
class Conditions:
    """Faults and latencies by route; both may be changed while the stand-in runs."""

    faults: dict[Route, Fault] = field(default_factory=dict)
    latency: dict[Route, float] = field(default_factory=dict)
    """Seconds before a route's first byte."""

    def strike(self, route: Route) -> Fault | None:
        """The fault that this request meets, if any."""
        fault = self.faults.get(route)
        return fault if fault and fault.take() else None

    async def wait(self, route: Route) -> None:
        """Be as slow as asked."""
        await asyncio.sleep(self.latency.get(route, 0.0))


def parse(text: str) -> tuple[Route, Fault]:
    """``speech:cut``, ``chat:429``, ``transcriptions:401*1``, ``realtime:drop@20`` as a fault.

    Raises ValueError when it is none of these.

    >>> parse("chat:429*2")
    ('chat', Fault(kind='status', status=429, times=2, after=0))
    """
    route, _, rest = text.partition(":")
    rest, _, times = rest.partition("*")
    kind, _, after = rest.partition("@")
    if route not in ("transcriptions", "chat", "speech", "responses", "realtime") or not kind:
        raise ValueError(f"'{text}' is not route:fault, such as speech:cut or chat:429*2")
    number = int(times) if times else ALWAYS
    if kind.isdigit():
        return route, Fault("status", int(kind), number)  # type: ignore[return-value]
    if kind not in ("hang", "cut", "refuse", "error", "close", "drop"):
        raise ValueError(f"'{kind}' is not a status, hang, cut, refuse, error, close or drop")
    return route, Fault(kind, times=number, after=int(after or 0))  # type: ignore[arg-type, return-value]
