"""Adds what a caller says over an uninterruptible answer to the conversation after that answer.

Pipecat writes them down at once, and asks the model; the answer that is being spoken comes behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import LLMContextUserTurnFrame, LLMMessagesAppendFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    UserTurnMessageAddedMessage,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi.frames import RTVISendTextFrame
from pipecat.processors.frameworks.rtvi.models import SendTextData

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.turns.held_words import HeldWords


@dataclass
class GiveHeldWordsFrame(LLMMessagesAppendFrame):
    """Has the model asked with what was kept, if there is anything that it was not asked with meanwhile."""


def hold_caller_words(aggregators: LLMContextAggregatorPair, held: HeldWords) -> None:
    """Have ``held`` keep the caller's words while it says so, be they spoken, keyed or written."""
    caller, assistant = aggregators.user(), aggregators.assistant()

    async def push_aggregation(*, run_llm: bool = True) -> str:
        if not caller._aggregation:
            return ""
        if not run_llm or not held.holds(written=False):
            held.join()
            return str(await push(run_llm=run_llm))
        return await _keep(caller, held)

    async def append(frame: LLMMessagesAppendFrame) -> None:
        if isinstance(frame, GiveHeldWordsFrame):
            if held.waiting or owes_a_result(aggregators):
                await caller.push_context_frame()
            return
        of_caller = all(isinstance(m, dict) and m.get("role") == "user" for m in frame.messages)
        if frame.run_llm and frame.messages and of_caller and held.holds(written=True):
            held.keep(frame.messages)
            return
        if of_caller:
            held.join()
        await added(frame)

    async def ask(direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        held.join()
        await push_context(direction)

    async def ask_after_tool(direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if direction is FrameDirection.UPSTREAM:
            held.join()
        await push_upstream(direction)

    push = replace_method(caller, "_push_aggregation", push_aggregation)
    added = replace_method(caller, "_handle_llm_messages_append", append)
    push_context = replace_method(caller, "push_context_frame", ask)
    push_upstream = replace_method(assistant, "push_context_frame", ask_after_tool)


def write_in_turn(worker: PipelineWorker, may_cut_off: Callable[[], bool]) -> None:
    """Have what is written in a page cut the agent off only where it ``may_cut_off``, as speech does."""
    rtvi = worker._rtvi
    if rtvi is None:
        return

    async def send_text(data: SendTextData, message_id: str, user_id: str | None = None) -> None:
        at_once = data.options is None or data.options.run_immediately
        if not at_once or may_cut_off():
            await write(data, message_id, user_id)
            return
        message: Any = {"role": "user", "content": data.content}
        await rtvi.push_frame(LLMMessagesAppendFrame([message], run_llm=True))
        await rtvi.push_frame(RTVISendTextFrame(msg_id=message_id, text=data.content, user_id=user_id))

    write = replace_method(rtvi, "_handle_send_text", send_text)


async def _keep(caller: LLMUserAggregator, held: HeldWords) -> str:
    """As the aggregator ends a turn, without the conversation and the model."""
    words, began = caller.aggregation_string(), caller._user_turn_start_timestamp
    await caller.reset()
    held.keep([{"role": caller.role, "content": words}])
    await caller.broadcast_frame(LLMContextUserTurnFrame, text=words, timestamp=began)
    message = UserTurnMessageAddedMessage(content=words, timestamp=began)
    await caller._call_event_handler("on_user_turn_message_added", message)
    return words


def owes_a_result(aggregators: LLMContextAggregatorPair) -> bool:
    """Whether the model has not been given a tool's result, which came while the caller spoke.

    Pipecat gives it with the caller's words; where there were none, with nothing.
    """
    return bool(aggregators.assistant()._context_push_owed)


def has_open_answer(aggregators: LLMContextAggregatorPair) -> bool:
    """Whether an answer has begun that is not in the conversation yet."""
    return bool(aggregators.assistant()._assistant_turn_start_timestamp)
