"""Makes an interruption drop everything that came before it, and keeps tool cancellations in order.

System frames overtake the others in a processor's input queue. Pipecat drops what waits behind them in its
second queue, and lets through what still waits in the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    InterruptionFrame,
    SystemFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.pipecat_private.replacements import replace_method

_CANCELLED = "CANCELLED"
"""Pipecat's word for it."""
_MOST_CANCELLED = 64
"""Cancellations that are kept for calls which have not come yet, of one conversation."""


def drop_what_waits(part: FrameProcessor) -> None:
    """Have an interruption that comes to ``part`` drop the frames that came before it and were not looked at.

    What can't be interrupted stays, in its order.
    """
    queue: Any = part._FrameProcessor__input_queue  # type: ignore[attr-defined]

    async def put_and_drop(item: Any) -> None:
        if isinstance(item[0], InterruptionFrame):
            _drop(queue)
        await put(item)

    put = replace_method(queue, "put", put_and_drop)


def _drop(queue: asyncio.PriorityQueue[Any]) -> None:
    entries = []
    while not queue.empty():
        entry = queue.get_nowait()
        queue.task_done()
        frame = entry[2][0]
        if isinstance(frame, SystemFrame) or not frame.interruptible:
            entries.append(entry)
    for entry in entries:
        queue.put_nowait(entry)


def cancel_calls_in_order(assistant: LLMAssistantAggregator, services: Iterable[FrameProcessor] = ()) -> None:
    """Have a tool's cancellation stand in the conversation before a model of ``services`` is asked again.

    Pipecat sends it through the pipeline, while the model that sent it may be at the next answer already and
    reads that the tool is at work. One that overtook the call itself is forgotten; here it waits for it.
    """
    ahead: dict[str, FunctionCallCancelFrame] = {}

    def told(frame: FunctionCallCancelFrame) -> None:
        call = assistant._function_calls_in_progress.get(frame.tool_call_id)
        if call and call.cancel_on_interruption:
            assistant._update_function_call_result(frame.function_name, frame.tool_call_id, _CANCELLED)

    async def cancelled(frame: FunctionCallCancelFrame) -> None:
        if not assistant._function_calls_in_progress.get(frame.tool_call_id):
            ahead[frame.tool_call_id] = frame
            while len(ahead) > _MOST_CANCELLED:
                del ahead[next(iter(ahead))]
        await cancel(frame)

    async def in_progress(frame: FunctionCallInProgressFrame) -> None:
        await begin(frame)
        if overtook := ahead.pop(frame.tool_call_id, None):
            await cancel(overtook)

    for service in services:
        if isinstance(service, LLMService):
            pushed_frames.watch_pushed_frames(service, FunctionCallCancelFrame, told)
    cancel = replace_method(assistant, "_handle_function_call_cancel", cancelled)
    begin = replace_method(assistant, "_handle_function_call_in_progress", in_progress)


class ToolCancellations:
    """Cancels a model's tools at an interruption; while it ``may_be_noise``, that waits until it is known.

    A tool that says the last words of a call has them said again behind a noise, and is cancelled behind a
    voice.
    """

    def __init__(self, llm: LLMService, may_be_noise: Callable[[], bool]) -> None:
        self._llm, self._may_be_noise = llm, may_be_noise
        self._held: InterruptionFrame | None = None
        self._cancel = replace_method(llm, "_handle_interruptions", self._interrupted)

    async def _interrupted(self, frame: InterruptionFrame) -> None:
        self._held = frame if self._may_be_noise() else None
        if self._held is None:
            await self._cancel(frame)

    def settle(self, *, was_noise: bool) -> None:
        """It is known what cut the agent off: what waits is done, or comes to nothing."""
        held, self._held = self._held, None
        if held and not was_noise:
            self._llm.create_task(self._cancel(held))
