"""What an interruption overtakes is dropped, and what a cancelled tool overtakes is put right."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMTextFrame,
    TextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMContextAggregatorPair,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.testing import virtual_time


class Reader(FrameProcessor):
    """Notes the texts that come to it, and is given frames while its task has no turn."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            self.read.append(frame.text)
        await self.push_frame(frame, direction)


def given(part: FrameProcessor, *frames: Frame) -> None:
    """Run ``part`` in a pipeline, with all of ``frames`` put before it at once."""

    async def talk() -> None:
        worker = PipelineWorker(Pipeline([part]), enable_rtvi=False)
        runner = WorkerRunner(handle_sigint=False)
        started = asyncio.Event()

        async def begun(*_: Any) -> None:
            started.set()

        worker.add_event_handler("on_pipeline_started", begun)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await started.wait()
        for frame in frames:
            await part.queue_frame(frame)
        await worker.queue_frame(EndFrame())
        await running

    virtual_time.run(talk())


def uninterruptible(text: str) -> TextFrame:
    frame = TextFrame(text)
    frame.interruptible = False
    return frame


def reader(*, repaired: bool) -> Reader:
    async def make() -> Reader:
        return Reader()

    part = virtual_time.run(make())
    if repaired:
        pipecat_private.drop_what_waits(part)
    return part


def test_an_interruption_drops_what_came_before_it() -> None:
    part = reader(repaired=True)
    given(part, TextFrame("old"), LLMTextFrame("older"), InterruptionFrame(), TextFrame("new"))
    assert part.read == ["new"]


def test_what_can_not_be_interrupted_stays_in_its_order() -> None:
    part = reader(repaired=True)
    kept = [uninterruptible("first"), TextFrame("old"), uninterruptible("second")]
    given(part, *kept, InterruptionFrame(), TextFrame("new"))
    assert part.read == ["first", "second", "new"]


def test_pipecat_lets_through_what_an_interruption_has_overtaken() -> None:
    """When this fails, Pipecat does it itself and ``drop_what_waits`` can go."""
    part = reader(repaired=False)
    given(part, TextFrame("old"), InterruptionFrame(), TextFrame("new"))
    assert part.read == ["old", "new"]


def conversation(*, repaired: bool) -> tuple[LLMContext, LLMAssistantAggregator]:
    context = LLMContext()

    async def make() -> LLMAssistantAggregator:
        pair = LLMContextAggregatorPair(context)
        return pair.assistant()

    assistant = virtual_time.run(make())
    if repaired:
        pipecat_private.cancel_calls_in_order(assistant)
    return context, assistant


CALL: dict[str, Any] = {"function_name": "work", "tool_call_id": "call_1"}
STARTED = {"arguments": {}, "context": None, **CALL}


def results(context: LLMContext) -> list[str]:
    return [str(m["content"]) for m in context.get_messages() if isinstance(m, dict) and m["role"] == "tool"]


def frames(*, overtaken: bool) -> list[Frame]:
    started = FunctionCallsStartedFrame(function_calls=[FunctionCallFromLLM(**STARTED)])
    at_work = FunctionCallInProgressFrame(arguments={}, cancel_on_interruption=True, **CALL)
    cancelled = FunctionCallCancelFrame(**CALL)
    return [started, cancelled, at_work] if overtaken else [started, at_work]


@pytest.mark.parametrize("repaired", [True, False], ids=["repaired", "as Pipecat has it"])
def test_a_cancellation_that_overtook_its_call_is_told_to_the_model(repaired: bool) -> None:
    """As Pipecat has it the model reads that the tool works on; when that fails the repair can go."""
    context, assistant = conversation(repaired=repaired)
    given(assistant, *frames(overtaken=True))
    assert results(context) == ["CANCELLED" if repaired else "IN_PROGRESS"]


def test_a_call_that_nobody_cancelled_stays_at_work() -> None:
    context, assistant = conversation(repaired=True)
    given(assistant, *frames(overtaken=False))
    assert results(context) == ["IN_PROGRESS"]


def test_the_model_that_cancels_a_call_reads_so_at_once() -> None:
    """Before the cancellation has come through the pipeline."""
    context, assistant = conversation(repaired=False)
    given(assistant, *frames(overtaken=False))

    async def cancel() -> list[str]:
        model = LLMService()
        pipecat_private.cancel_calls_in_order(assistant, [model])
        await model.push_frame(FunctionCallCancelFrame(**CALL))
        return results(context)

    assert virtual_time.run(cancel()) == ["CANCELLED"]
