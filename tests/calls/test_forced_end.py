"""No call's end hangs, whatever a processor of its pipeline does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pipecat.frames.frames import CancelFrame, EndFrame, Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agentrun.pipeline.cascaded import pipeline as cascaded
from agentrun.session import ending
from tests.calls.desk import HELLO, open_desk

DEADLINE = 12.0
"""Each step of ``ending`` within its second, and what a loaded machine takes."""


class Swallows(FrameProcessor):
    """Never lets the end of a call pass, nor its cancellation."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, EndFrame | CancelFrame):
            await self.push_frame(frame, direction)


class Clings(FrameProcessor):
    """Holds on to the end of a call, and to its own task, until it is ``freed``."""

    freed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        while isinstance(frame, EndFrame | CancelFrame) and not self.freed.is_set():
            try:
                await self.freed.wait()
            except asyncio.CancelledError:
                continue
        await self.push_frame(frame, direction)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clings, "freed", asyncio.Event())
    monkeypatch.setattr(ending, "CANCEL_SECONDS", 1.0)
    monkeypatch.setattr(ending, "FORCE_SECONDS", 1.0)


@pytest.mark.parametrize("kind", [Swallows, Clings])
async def test_a_call_ends_although_a_processor_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[FrameProcessor]
) -> None:
    def with_a_stubborn_one(processors: list[Any]) -> Pipeline:
        return Pipeline([*processors[:-1], kind(), processors[-1]])

    monkeypatch.setattr(cascaded, "Pipeline", with_a_stubborn_one)
    async with open_desk(tmp_path, [HELLO]) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
        record = await desk.finished(call, DEADLINE)
        assert record.ended_by == "caller"
        assert desk.server.switchboard.live == 0
        assert desk.server.switchboard.admission.held == 0
        Clings.freed.set()


@pytest.mark.parametrize("kind", [Swallows, Clings])
async def test_a_server_closes_although_a_processor_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[FrameProcessor]
) -> None:
    def with_a_stubborn_one(processors: list[Any]) -> Pipeline:
        return Pipeline([*processors[:-1], kind(), processors[-1]])

    monkeypatch.setattr(cascaded, "Pipeline", with_a_stubborn_one)
    async with open_desk(tmp_path, [HELLO]) as desk, desk.caller.call(desk.url) as call:
        await call.hear_greeting()
        switchboard = desk.server.switchboard
        async with asyncio.timeout(DEADLINE + 5):
            await switchboard.close()
        assert switchboard.live == 0
        assert (await desk.finished(call)).ended_by == "server"
        left = [task.get_name() for task in asyncio.all_tasks() if "_task_handler" in task.get_name()]
        assert all(kind is Clings and name.startswith("Clings") for name in left), left
        Clings.freed.set()
