"""Steps that go by what the caller says wait for the caller's last words, and for nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.pipeline.services import structured_answer
from agentrun.records import CallRecord
from agentrun.session.variables.extraction import Extraction
from agentrun.spec.values import field_values
from agentrun.testing import virtual_time


def reading(seconds: float, monkeypatch: pytest.MonkeyPatch) -> tuple[Extraction, CallRecord]:
    """An extraction whose model takes so long for each answer."""

    async def ask(*_: object) -> Any:
        await asyncio.sleep(seconds)
        return SimpleNamespace(usage={}, text="{}")

    async def put(_: Mapping[str, Any]) -> None:
        pass

    monkeypatch.setattr(structured_answer, "ask", ask)
    monkeypatch.setattr(field_values, "strict_schema", lambda _: {})
    monkeypatch.setattr(field_values, "read", lambda *_: ({}, []))
    record = CallRecord("1", "desk", "local")
    settings = SimpleNamespace(wait=2.0, timeout=5.0)
    plan: Any = SimpleNamespace(
        extraction=SimpleNamespace(provider="openai", model="m"), spec=SimpleNamespace(extraction=settings)
    )
    fields: Any = {"age": "integer"}
    nothing: Any = None
    return Extraction(plan, record, nothing, lambda: fields, dict, put), record


def test_the_end_of_an_older_reading_is_not_that_of_the_newest_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        read, record = reading(1.0, monkeypatch)
        read.words_come()
        read.words_added()
        await asyncio.sleep(0.5)
        read.words_come()
        step = asyncio.create_task(read.settled())
        await asyncio.sleep(0.8)
        assert not step.done()
        read.words_added()
        await asyncio.sleep(0.9)
        assert not step.done()
        await asyncio.sleep(0.2)
        assert step.done()
        assert record.errors == []

    virtual_time.run(run())


def test_noise_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        read, record = reading(1.0, monkeypatch)
        read.words_come()
        step = asyncio.create_task(read.settled())
        await asyncio.sleep(0.1)
        read.no_words()
        await asyncio.sleep(0.1)
        assert step.done()
        assert record.errors == []

    virtual_time.run(run())


def test_words_that_never_come_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        read, record = reading(1.0, monkeypatch)
        read.words_come()
        clock = asyncio.get_running_loop().time
        began = clock()
        await read.settled()
        assert clock() - began == pytest.approx(2.0, abs=0.05)
        await read.settled()
        assert clock() - began == pytest.approx(2.0, abs=0.05)
        assert record.errors == ["extraction_late: a step did not wait longer than 2 s"]

    virtual_time.run(run())
