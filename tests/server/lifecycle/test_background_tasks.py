"""Each task that a server runs beside its calls is killed once: it is seen, and everything goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentrun.background_tasks import BackgroundTasks
from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.server.calls import switchboard
from agentrun.server.lifecycle.startup import Options, running_server
from tests.calls.desk import until
from tests.log_lines import log_lines

SPEC = "name: desk\ntransport: local\nprompts: Hi.\ntools: [{mcp: {command: ['false']}}]\n"
TASKS = {"records", "webhooks", "load", "watch", "analyses", "shared state", "placed calls"}


@pytest.fixture
def errors() -> Iterator[list[str]]:
    with log_lines("ERROR") as lines:
        yield lines


async def test_each_background_task_is_restarted_and_ready_says_so(
    tmp_path: Path, errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard, "BackgroundTasks", lambda: BackgroundTasks(rest=0.2, proven=0.5))
    (tmp_path / "desk.yaml").write_text(SPEC)
    records = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    options = Options(port=0, insecure=True, records=records, webhooks=True, watch=True)
    async with running_server([tmp_path / "desk.yaml"], {"OPENAI_API_KEY": "test"}, options) as server:
        background = server.switchboard.background
        await until(lambda: set(background.running) >= TASKS, 10)
        names = set(background.running)
        assert {name for name in names if not name.startswith("mcp ")} == TASKS
        assert any(name.startswith("mcp ") for name in names)
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            for name in sorted(names):
                killed = background.running[name]
                killed.cancel()
                await until(lambda name=name: name in background.failing, 10)  # type: ignore[misc]
                answer = await client.get("/ready")
                assert (answer.status_code, name in answer.json()["status"]) == (503, True)
                await until(lambda: not background.failing, 20)
                assert background.running[name] is not killed
                assert (await client.get("/ready")).status_code == 200
                assert any(f"the background task '{name}' was cancelled" in line for line in errors)
        late = CallRecord("CA1", "desk", "local")
        server.switchboard.records.add(late)
        late.ended_by, late.reason = "caller", "the caller hung up"
        late.close()
    with Store(records) as store:
        found = await asyncio.to_thread(store.get, "CA1")
    assert found == late.as_json()
