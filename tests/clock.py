"""Which clock a test has: one that jumps over what is waited for, or real time."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from agentrun.testing.virtual_time import VirtualTimeLoop
from tests.conftest import SLOW, TESTS


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """For a folder's ``conftest.py``: real time is for ``SLOW`` and what is marked so, as sound on a wire is.

    ``@pytest.mark.real_time`` is for what a thread or a process does while the test waits.
    """
    is_slow = item.path.relative_to(TESTS).as_posix() in SLOW or item.get_closest_marker("slow")
    if is_slow or item.get_closest_marker("real_time"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}
