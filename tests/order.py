"""In which order tests are begun, so that at the end no process waits for a long one of another.

pytest-xdist's work stealing hands each process a block of the list at first, and whoever is through with
theirs takes from the end of another's. So what takes longest stands at the beginning of each block, and what
is short, which is easily taken, at its end. In one list with all the long ones in front they would fall to a
single process, and the last of them would begin when the others have nothing left.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TypeVar

import pytest

T = TypeVar("T")

FIRST = (
    # slow: a minute, half a minute, a quarter
    "machines/test_kills.py",
    "browser/test_conversation.py",
    "deploy/test_taking_over.py",
    "deploy/test_slimmed_server.py",
    "machines/test_placed_calls.py",
    "cli/test_workers.py",
    "cli/test_serve_webhook.py",
    "deploy/test_bot_code.py",
    "calls/test_examples.py",
    "testing/running/test_silent_caller.py",
    "server/test_attacks.py",
    "cli/test_bench.py",
    "testing/test_pytest_plugin.py",
    "calls/test_mcp.py",
    "machines/",
    "cli/test_test.py",
    "transports/test_microphone.py",
    "testing/running/test_spoken_run.py",
    "browser/",
    "test_install.py",
    "testing/running/test_cassettes.py",
    "deploy/test_watching.py",
    "cli/test_replay.py",
    "host/test_ejected.py",
    "deploy/test_bot.py",
    "cli/test_log_format.py",
    "server/lifecycle/test_stopping_with_a_locked_store.py",
    "cli/test_dial.py",
    "calls/test_latency.py",
    "calls/test_long_words.py",
    "calls/test_resume.py",
    "deploy/test_capacity.py",
    # quick
    "cli/test_serve.py",
    "server/lifecycle/test_reload.py",
    "cli/test_calls.py",
    "docs/test_tutorials.py",
    "providers/test_generated.py",
    "server/observability/test_tracing.py",
)
"""Files and folders in which single tests take longest, the longest first; all others take less."""


def ordered(items: Iterable[pytest.Item], files: Iterable[str], processes: int) -> list[pytest.Item]:
    """``items`` as they are begun by so many ``processes``; ``files`` are theirs, below the tests' folder.

    Of those that are not in ``FIRST`` the slow ones come before the quick ones.
    """
    every = sorted(zip(items, files, strict=True), key=lambda pair: (rank(pair[1]), _is_quick(pair[0])))
    long = [item for item, file in every if rank(file) < len(FIRST)]
    return dealt(long, [item for item, _ in every[len(long) :]], processes)


@functools.cache
def rank(file: str) -> int:
    """The place of ``file`` in ``FIRST``; behind its end where it is not in it.

    >>> rank("machines/test_kills.py"), rank("machines/test_clocks.py") == FIRST.index("machines/")
    (0, True)
    """
    return next((place for place, name in enumerate(FIRST) if file.startswith(name)), len(FIRST))


def dealt(long: list[T], short: list[T], processes: int) -> list[T]:
    """Everything in one list, whose blocks for each of ``processes`` begin with their share of ``long``.

    >>> dealt(["A", "B", "C"], list("abcdefg"), 2)
    ['A', 'C', 'a', 'b', 'c', 'B', 'd', 'e', 'f', 'g']
    """
    order: list[T] = []
    total, begun = len(long) + len(short), 0
    for number in range(processes):
        own = long[number::processes]
        # as WorkStealingScheduling.check_schedule of pytest-xdist divides what is not given out yet
        size = max(0, (total - len(order)) // (processes - number) - len(own))
        order += [*own, *short[begun : begun + size]]
        begun += size
    return order


def _is_quick(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is None
