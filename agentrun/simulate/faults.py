"""Faults and delays that the mock server injects."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Literal, get_args

Route = Literal["transcriptions", "chat", "speech", "responses", "realtime"]
Kind = Literal[
    "status",
    "hang",
    "cut",
    "refuse",
    "error",
    "close",
    "drop",
    "stall",
    "empty",
    "html",
    "json",
    "late",
    "malformed",
    "trickle",
    "whole",
    "handshake",
    "unset",
    "deaf",
]
TRICKLE_SECONDS = 2.0
ALWAYS = -1
_FAULT = re.compile(r"(?:(?P<status>[45]\d\d)|(?P<kind>[a-z]+)(?:@(?P<after>\d+))?)(?:\*(?P<times>\d+))?")
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@dataclass
class Fault:
    """One fault of one route.

    ``status`` answers with ``status``, and may ask to be left alone for ``retry_after`` seconds or have a
    ``code``; ``hang`` never answers; ``cut`` breaks the connection off after ``after`` bytes or events, and
    ``stall`` sends no more from there on; ``late`` answers after ``after`` seconds, ``empty`` with nothing,
    ``html`` and ``json`` with 200 and what is no answer, ``malformed`` with what can't be read; ``trickle``
    waits ``after`` seconds (2) before each piece. An answer in words that is to be a stream comes as a
    ``whole``. A realtime socket can also be refused (``refuse``), left without a ``handshake``, sent an
    ``error`` event or a ``malformed`` one, closed (``close``) or dropped (``drop``) after ``after`` events;
    from there on it may be ``deaf`` to the caller's sound, or leave a session ``unset``. ``times`` is how
    often; ALWAYS is -1. After that it is ``then`` that strikes, where there is one.
    """

    kind: Kind
    status: int = 500
    times: int = ALWAYS
    after: int = 0
    retry_after: int = 0
    code: str = ""
    then: Fault | None = None

    @property
    def pause(self) -> float:
        """Seconds between two pieces."""
        return (self.after or TRICKLE_SECONDS) if self.kind == "trickle" else 0.0

    def take(self) -> bool:
        """Whether it strikes now."""
        if self.times == 0:
            return False
        if self.times > 0:
            self.times -= 1
        return True


@dataclass
class Conditions:
    """Faults and latencies by route; both may be changed while the mock server runs."""

    faults: dict[Route, Fault] = field(default_factory=dict)
    latency: dict[Route, float] = field(default_factory=dict)
    """Seconds before a route's first byte."""

    def strike(self, route: Route) -> Fault | None:
        """The fault that this request meets, if any."""
        fault = self.faults.get(route)
        while fault and not fault.take():
            fault = fault.then
        return fault

    async def wait(self, route: Route) -> None:
        """Be as slow as asked."""
        await asyncio.sleep(self.latency.get(route, 0.0))


def parse(text: str) -> tuple[Route, Fault]:
    """``speech:cut``, ``chat:429``, ``transcriptions:401*1``, ``realtime:drop@20`` as a fault.

    Raises ValueError when it is none of these.

    >>> parse("chat:429*2")
    ('chat', Fault(kind='status', status=429, times=2, after=0, retry_after=0, code='', then=None))
    """
    route, _, rest = text.partition(":")
    match = _FAULT.fullmatch(rest)
    if match is None:
        raise ValueError(f"'{text}' is not route:fault, such as speech:cut, chat:429*2 or realtime:drop@20")
    times = int(match["times"]) if match["times"] else ALWAYS
    if match["status"]:
        return _route(route), Fault("status", int(match["status"]), times)
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind) if kind != "status"}
    if match["kind"] not in kinds:
        raise ValueError(f"'{match['kind']}' is neither a status such as 429 nor one of {', '.join(kinds)}")
    return _route(route), Fault(kinds[match["kind"]], times=times, after=int(match["after"] or 0))


def parse_latency(text: str) -> tuple[Route, float]:
    """``chat=350ms`` as a route and seconds. Raises ValueError when it is none.

    >>> parse_latency("chat=350ms")
    ('chat', 0.35)
    """
    route, _, time = text.partition("=")
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError(f"'{text}' is not route=time, such as chat=350ms or speech=1.5s")
    return _route(route), float(match[1]) / (1000 if match[2] == "ms" else 1)


def _route(text: str) -> Route:
    routes: dict[str, Route] = {route: route for route in get_args(Route)}
    if text not in routes:
        raise ValueError(f"'{text}' is not one of {', '.join(routes)}")
    return routes[text]
