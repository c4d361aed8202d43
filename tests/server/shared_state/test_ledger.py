"""What the workers of one server share in a file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agentrun.server.shared_state.ledger import Ledger, SharedFlag


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
    SharedFlag(ledger, "proxied").raise_()
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(SharedFlag(ledger, "proxied").is_raised).result()
    ledger.close()
