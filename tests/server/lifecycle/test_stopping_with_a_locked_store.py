"""A server that is told to stop does, whatever its store does, and the next one has what was not stored."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.caller import Caller
from tests.calls.desk import until

ROOT = Path(__file__).parents[3]
DRAIN_SECONDS = 20


@contextlib.asynccontextmanager
async def serving(records: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    command = ("-m", "agentrun", "serve", "agents/hello.yaml", "agents/ncaa.yaml", "--offline", "--port", "0")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*command, "--records", records, "--drain", f"{DRAIN_SECONDS}s"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    try:
        address = ""
        async with asyncio.timeout(90):
            while "/twilio/voice" not in address:
                words = (await process.stdout.readline()).decode().split()
                address = next((word for word in words if "/twilio/voice" in word), "")
        yield process, address.removesuffix("/twilio/voice")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def names(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


@pytest.mark.timeout(240)
async def test_sigterm_ends_a_server_whose_store_is_locked_and_the_next_one_takes_in_what_it_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "calls.sqlite3"
    async with serving(f"sqlite:///{path}") as (process, url):
        async with Caller().call(url) as call:
            await call.hear_greeting(timeout=60)
            lock = await asyncio.to_thread(
                sqlite3.connect, path, isolation_level=None, check_same_thread=False
            )
            with contextlib.closing(lock):
                async with asyncio.timeout(30):
                    await asyncio.to_thread(lock.execute, "BEGIN IMMEDIATE")
                await call.close()
                await asyncio.sleep(1.0)
                process.terminate()
                async with asyncio.timeout(DRAIN_SECONDS):
                    assert await process.wait() == 0
        sid = call.call_sid
    assert any(name.startswith("waiting-") for name in names(f"{path}-unstored"))
    async with serving(f"sqlite:///{path}") as (process, _):
        with Store(f"sqlite:///{path}") as store:
            await until(lambda: any(row["id"] == sid and row["ended"] for row in store.find(CallQuery())), 30)
    assert names(f"{path}-unstored") == []
