"""The longest tests are begun first, by every process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from xdist.scheduler.worksteal import WorkStealingScheduling

from tests.order import dealt


class Process:
    """One of pytest-xdist's, as its scheduler knows it."""

    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []
        self.gateway = SimpleNamespace(id="gw0")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices


@pytest.mark.parametrize(("long", "short", "processes"), [(20, 200, 4), (7, 100, 3), (9, 12, 4), (3, 50, 1)])
def test_each_process_begins_with_its_share_of_the_longest(long: int, short: int, processes: int) -> None:
    names = [*(f"long {number}" for number in range(long)), *(f"short {number}" for number in range(short))]
    order = dealt(names[:long], names[long:], processes)
    assert sorted(order) == sorted(names)
    asked: Any = SimpleNamespace(getvalue=lambda _option: [f"{processes}*popen"])
    scheduling: Any = WorkStealingScheduling(asked)
    nodes = [Process() for _ in range(processes)]
    for node in nodes:
        scheduling.add_node(node)
        scheduling.add_node_collection(node, order)
    scheduling.schedule()
    begins = [[order[index] for index in node.given] for node in nodes]
    assert sorted(name for block in begins for name in block) == sorted(names)
    for block in begins:
        of_long = [name.startswith("long") for name in block]
        assert of_long == sorted(of_long, reverse=True), "the short ones come after them"
        assert sum(of_long) in (long // processes, -(-long // processes))
    first = [block[0] for block in begins]
    assert first == names[:processes], "and the longest of all at once"
