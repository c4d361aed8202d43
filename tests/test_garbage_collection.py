"""The collector while what stays is loaded."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrun.garbage_collection import without_garbage_collection

ROOT = Path(__file__).parents[1]
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
SERVED = """
import gc, os, sys
collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
from agentrun.cli.commands import serve
async def look(stop, server):
    print(collected.count(2), gc.get_freeze_count() > 100_000, gc.isenabled(), flush=True)
    os._exit(0)
serve._wait = look
serve.command(standalone_mode=False)
"""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What a test froze is collected again."""
    yield
    gc.unfreeze()
    gc.enable()


def test_the_collector_is_as_it_was_after_a_failure() -> None:
    def load() -> None:
        with without_garbage_collection():
            assert not gc.isenabled()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        load()
    assert gc.isenabled()


def test_a_collector_that_the_host_turned_off_stays_off() -> None:
    gc.disable()
    with without_garbage_collection():
        pass
    assert not gc.isenabled()


@pytest.mark.slow
def test_a_server_starts_without_one_whole_collection(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("transport: twilio\nprompts: {system: Be kind., greeting: none}\n")
    command = [sys.executable, "-c", SERVED, str(tmp_path / "desk.yaml"), "--port", "0", "--records", "none"]
    environ = {**os.environ, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ["0 True True"], done.stdout + done.stderr


@pytest.mark.slow
def test_pipecat_is_loaded_without_one_whole_collection_and_is_passed_over_by_later_ones() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ["False True 0 True True"], done.stdout + done.stderr
