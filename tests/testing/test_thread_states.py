"""Which threads have work."""

from __future__ import annotations

import sys
import threading
import zlib

import pytest

from agentrun.testing.thread_states import ThreadStates

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the states of threads")
LARGE = bytes(4_000_000)


def test_a_thread_that_computes_has_work_and_one_that_waits_has_none() -> None:
    states, over, computing = ThreadStates(), threading.Event(), threading.Event()

    def compute() -> None:
        while not over.is_set():
            computing.set()
            zlib.crc32(LARGE)  # without Python's lock

    def is_at_work() -> bool:
        return any(states.others_at_work() for _ in range(1_000))

    waiting = threading.Thread(target=over.wait)
    waiting.start()
    try:
        assert not all(states.others_at_work() for _ in range(1_000)), "nobody computes"
        busy = threading.Thread(target=compute)
        busy.start()
        computing.wait()
        assert is_at_work()
    finally:
        over.set()
        states.close()
    busy.join()
    waiting.join()


def test_no_file_stays_open_for_a_thread_that_has_ended() -> None:
    states = ThreadStates()
    try:
        states.others_at_work()
        before = len(states._files)
        for _ in range(20):
            over = threading.Event()
            thread = threading.Thread(target=over.wait)
            thread.start()
            states.others_at_work()
            over.set()
            thread.join()
        states.others_at_work()
        assert len(states._files) <= before + 1
    finally:
        states.close()
    assert not states._files
