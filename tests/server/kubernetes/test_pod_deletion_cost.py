"""A pod says how many calls it has: on a change alone, now and then, and quietly where it may not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

import pytest
from loguru import logger

from agentrun.server.kubernetes.api import ApiError
from agentrun.server.kubernetes.pod_deletion_cost import (
    AGAIN_SECONDS,
    ANNOTATION,
    EVERY_SECONDS,
    PodDeletionCost,
)
from agentrun.testing import virtual_time


class Pod:
    """A pod whose calls change at given seconds, and an API that refuses with given statuses first."""

    def __init__(self, calls: Mapping[float, int], *refusals: int) -> None:
        self.writes: list[tuple[float, str]] = []
        self.lines: list[str] = []
        self._changes, self._refusals = calls, list(refusals)

    def calls(self) -> int:
        now = asyncio.get_running_loop().time() - self._began
        return max((at, number) for at, number in self._changes.items() if at <= now)[1]

    async def annotate(self, annotations: Mapping[str, str]) -> None:
        [(name, value)] = annotations.items()
        assert name == ANNOTATION
        self.writes.append((round(asyncio.get_running_loop().time() - self._began), value))
        if self._refusals:
            status = self._refusals.pop(0)
            raise ApiError(f"{status}: no", status)

    def live(self, seconds: float) -> Pod:
        """Run for so many seconds."""

        async def scene() -> None:
            self._began = asyncio.get_running_loop().time()
            running = asyncio.create_task(PodDeletionCost(self.calls, self.annotate).run())
            await asyncio.sleep(seconds)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        sink = logger.add(lambda line: self.lines.append(str(line)), level="INFO", format="{message}")
        try:
            virtual_time.run(scene())
        finally:
            logger.remove(sink)
        return self


def test_a_pod_without_calls_asks_for_nothing() -> None:
    assert Pod({0: 0}).live(3600).writes == []


def test_it_is_written_on_a_change_and_again_when_the_last_call_is_over() -> None:
    pod = Pod({0: 0, 10: 3, 100: 0}).live(3600)
    assert pod.writes == [(30, "3"), (120, "0")]
    assert pod.lines == []


def test_calls_that_come_and_go_are_written_every_so_often_at_most() -> None:
    writes = Pod({float(at): 1 + at % 2 for at in range(600)}).live(600).writes
    times = [at for at, _ in writes]
    assert all(later - at >= EVERY_SECONDS for at, later in itertools.pairwise(times))


@pytest.mark.parametrize("status", [0, 409, 429, 500, 503])
def test_what_may_pass_is_tried_again_at_the_next_turn(status: int) -> None:
    pod = Pod({0: 2}, status, status).live(600)
    assert pod.writes == [(0, "2"), (30, "2"), (60, "2")]
    assert len(pod.lines) == 2, "said once, and once that it works again"


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_what_is_refused_for_good_is_seldom_tried_and_said_once(status: int) -> None:
    pod = Pod({float(at): 1 + at % 2 for at in range(3600)}, *[status] * 100).live(3600)
    assert len(pod.writes) == 3600 / AGAIN_SECONDS
    assert len(pod.lines) == 1
    assert ("`patch` on pods" in pod.lines[0]) == (status == 403)
