"""The clock that jumps."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from agentrun.testing import virtual_time


def test_an_hour_takes_no_time() -> None:
    began = time.monotonic()
    virtual_time.run(asyncio.sleep(3_600))
    assert time.monotonic() - began < 1_800


def test_the_loop_ends_with_its_threads_however_long_they_take() -> None:
    """From Python 3.12 on a loop gives its threads five minutes, which this clock would skip."""
    worked = threading.Event()

    async def leave_a_thread_at_work() -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, time.sleep, 0)
        executor = loop._default_executor  # type: ignore[attr-defined]
        executor.submit(work)

    def work() -> None:
        time.sleep(0.2)
        worked.set()

    virtual_time.run(leave_a_thread_at_work())
    assert worked.is_set()


def test_what_is_on_its_way_for_a_moment_comes_before_a_minute_is_over() -> None:
    """As on a machine whose loopback is late: the bytes are no thread's of the loop, and not there yet."""
    here, there = socket.socketpair()

    async def wait_for_bytes() -> bytes:
        reader, writer = await asyncio.open_connection(sock=here)
        # named as asyncio's own, so that nothing tells the clock of it
        late = threading.Timer(0.01, there.sendall, [b"ready"])
        late.name = "asyncio_late"
        late.start()
        try:
            return await asyncio.wait_for(reader.read(5), 60)
        finally:
            late.join()
            writer.close()

    with there:
        assert virtual_time.run(wait_for_bytes()) == b"ready"
