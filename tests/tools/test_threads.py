"""Threads for a tool that may block."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, wait

import pytest

from agentrun.tools.running import loop_guard
from agentrun.tools.running import threads as module
from agentrun.tools.running.threads import NoThreadError, Threads


class Work:
    """Something to do."""

    def work(self) -> None:
        """Do it."""


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has the machine give no thread so many times from now on, as at a container's limit."""
    start = threading.Thread.start

    def refuse(times: int) -> None:
        left = [None] * times

        def refused(thread: threading.Thread) -> None:
            if left:
                left.pop()
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refused)

    return refuse


def test_two_at_once_run_at_once() -> None:
    both = threading.Barrier(2)
    futures = [Threads("t", most=2).submit(both.wait, 10) for _ in range(2)]
    assert sorted(future.result(10) for future in futures) == [0, 1]


def test_more_than_the_most_wait_and_then_run_in_order() -> None:
    threads, gate, order = Threads("t", most=1), threading.Event(), list[int]()
    first = threads.submit(gate.wait, 10)
    later = [threads.submit(order.append, number) for number in range(5)]
    assert not any(future.running() or future.done() for future in later)
    gate.set()
    wait([*later], 10)
    assert first.result(10)
    assert order == [0, 1, 2, 3, 4]


def test_what_was_given_up_while_waiting_never_runs() -> None:
    threads, gate, ran = Threads("t", most=1), threading.Event(), list[int]()
    threads.submit(gate.wait, 10)
    given_up, kept = threads.submit(ran.append, 1), threads.submit(ran.append, 2)
    assert given_up.cancel()
    gate.set()
    kept.result(10)
    assert ran == [2]
    with pytest.raises(CancelledError):
        given_up.result(10)


def test_what_was_given_up_while_waiting_is_held_on_to_by_nobody() -> None:
    threads, gate, waiting = Threads("t", most=1), threading.Event(), Work()
    held = weakref.ref(waiting)
    threads.submit(gate.wait, 10)
    threads.submit(waiting.work).cancel()
    del waiting
    gc.collect()
    try:
        assert held() is None
    finally:
        gate.set()


def test_the_next_work_is_done_by_the_thread_that_is_there(no_thread: Callable[[int], None]) -> None:
    threads = Threads("t")
    first = threads.submit(threading.current_thread).result(10)
    no_thread(1)
    assert threads.submit(threading.current_thread).result(10) is first


def test_a_thread_that_waits_holds_on_to_nothing_that_it_has_done() -> None:
    threads, done = Threads("t", most=1), Work()
    held = weakref.ref(done)
    threads.submit(done.work).result(10)
    del done
    threads.submit(int).result(10)
    assert held() is None


def test_a_thread_ends_when_nothing_has_come_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.01)
    threads = Threads("t")
    thread = threads.submit(threading.current_thread).result(10)
    thread.join(10)
    assert not thread.is_alive()
    assert thread.daemon


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(2), KeyboardInterrupt()])
def test_whatever_is_raised_reaches_the_one_who_waits(error: BaseException) -> None:
    def fail() -> None:
        raise error

    threads = Threads("t", most=1)
    assert threads.submit(fail).exception(10) is error
    assert threads.submit(int, "7").result(10) == 7


def test_stop_iteration_arrives_as_something_that_asyncio_can_carry() -> None:
    found = Threads("t").submit(next, iter(())).exception(10)
    assert isinstance(found, RuntimeError)
    assert isinstance(found.__cause__, StopIteration)


def test_a_thread_that_could_not_be_started_takes_no_place(no_thread: Callable[[int], None]) -> None:
    threads, ran = Threads("records", most=1), list[int]()
    no_thread(2)
    for number in (1, 2):
        with pytest.raises(NoThreadError, match="can't start new thread"):
            threads.submit(ran.append, number).result(10)
    threads.submit(ran.append, 3).result(10)
    assert ran == [3], "what was refused has not run later"


def test_where_others_run_it_waits_for_one_of_them(no_thread: Callable[[int], None]) -> None:
    threads, gate = Threads("t", most=2), threading.Event()
    first = threads.submit(gate.wait, 10)
    no_thread(1)
    second = threads.submit(int, "7")
    assert not second.done()
    gate.set()
    assert (first.result(10), second.result(10)) == (True, 7)


async def test_a_tool_runs_where_no_thread_watches_it(no_thread: Callable[[int], None]) -> None:
    async def tool() -> int:
        return 7

    no_thread(1)
    assert await loop_guard.GuardedSteps(tool()) == 7
