"""A server that is told to stop does, whatever its store does, and the next one has what was not stored."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, until
from tests.cli.serve_process import SPEC, Serving, serving

DRAIN_SECONDS = 20


@contextlib.asynccontextmanager
async def storing(folder: Path) -> AsyncIterator[tuple[Serving, str]]:
    """A server with its store in ``folder``, and the address of its agent."""
    spec = folder / "desk.yaml"
    spec.write_text(SPEC)
    options = ("--records", f"sqlite:///{folder / 'calls.sqlite3'}", "--drain", f"{DRAIN_SECONDS}s")
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO])) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with serving(spec, given, *options) as (process, url):
            yield process, f"{url}/desk"


def names(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


@pytest.mark.timeout(240)
async def test_sigterm_ends_a_server_whose_store_is_locked_and_the_next_one_takes_in_what_it_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "calls.sqlite3"
    async with storing(tmp_path) as (process, url):
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
    async with storing(tmp_path):
        with Store(f"sqlite:///{path}") as store:
            await until(lambda: any(row["id"] == sid and row["ended"] for row in store.find(CallQuery())), 30)
    assert names(f"{path}-unstored") == []
