"""The collector while an agent is loaded in somebody else's server."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrun.host.loading import without_collecting

ROOT = Path(__file__).parents[2]
PROGRAM = """
import gc
collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
from agentrun.host import pipecat_cloud
import sys
before = "pipecat" in sys.modules
bot, readyz = pipecat_cloud.entry("bot.py", "desk.yaml", {})
loaded = gc.get_freeze_count()
print(before, "pipecat" in sys.modules, collected.count(2), loaded > 100_000, gc.isenabled())
"""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What a test froze is collected again."""
    yield
    gc.unfreeze()
    gc.enable()


def test_the_collector_is_as_it_was_after_a_failure() -> None:
    def load() -> None:
        with without_collecting():
            assert not gc.isenabled()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        load()
    assert gc.isenabled()


def test_a_collector_that_the_host_turned_off_stays_off() -> None:
    gc.disable()
    with without_collecting():
        pass
    assert not gc.isenabled()


@pytest.mark.slow
def test_pipecat_is_loaded_without_one_whole_collection_and_is_passed_over_by_later_ones() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ["False True 0 True True"], done.stdout + done.stderr
