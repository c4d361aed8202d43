"""What the workers of one server share in a file."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agentrun.server.admission.load import Load
from agentrun.server.shared_state.ledger import Ledger, SharedFlag, SharedLoad
from tests.log_lines import log_lines


def raised(flag: SharedFlag) -> None:
    """Raise ``flag``; returns when the others see it."""
    flag.raise_()
    assert flag.raising
    flag.raising.result(20)


def test_threads_take_turns_at_one_page(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")

    def count(_: int) -> None:
        with ledger.page("counted") as page:
            page["times"] = page.get("times", 0) + 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(80)))
    with ledger.page("counted") as page:
        assert page == {"times": 80}
    ledger.close()


def test_a_flag_that_one_thread_raised_is_seen_by_another(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    raised(SharedFlag(ledger, "proxied"))
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(SharedFlag(ledger, "proxied").is_raised).result()
    ledger.close()


def test_a_worker_that_stands_still_with_the_file_in_hand_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    stalled, ledger = Ledger(path), Ledger(path)
    own = Load(lambda: 3)
    shared, flag = SharedLoad(ledger, own), SharedFlag(ledger, "proxied")
    with stalled.page("load") as page:
        page["1"] = {"at": own.clock(), "most": 7, "calls": 2, "late": False}
    assert shared.capacity() == 7
    with stalled.page("load"):
        # all of this is over before the file is free
        shared._looked(0.0)
        assert shared.capacity() == 7
        assert not flag.is_raised()
        flag.raise_()
        assert flag.is_raised()
        assert flag.raising
        assert not flag.raising.done()
    flag.raising.result(20)
    assert shared.capacity() == 7 + own.most
    assert SharedFlag(stalled, "proxied").is_raised()
    stalled.close()
    ledger.close()


def test_a_file_that_is_just_being_written_is_as_it_was(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    with ledger.page("load") as page:
        page["1"] = 2
    assert ledger.glance("load") == {"1": 2}
    writer = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert ledger.glance("load") == {"1": 2}
    assert ledger.glance("unknown") == {}
    writer.execute("ROLLBACK")
    writer.close()
    ledger.close()


def test_a_page_that_cannot_be_written_is_told_and_the_next_one_is_tried(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    ledger.close()
    with log_lines("WARNING") as lines:
        raised(SharedFlag(ledger, "proxied"))
    assert "what the workers share can't be written" in lines[0]
