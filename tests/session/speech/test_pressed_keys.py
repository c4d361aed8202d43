"""Nobody who speaks cuts off the tones that the agent sends, and afterwards callers interrupt as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from agentrun.pipeline import pipecat_private
from agentrun.session.speech.announcements import Announcements


class Pressing(Announcements):
    """Presses keys whose tones have gone out when the test says so."""

    def __init__(self, caller: LLMUserAggregator) -> None:
        self._caller = caller
        self.queued = asyncio.Event()
        self.gone_out = asyncio.Event()
        self._worker: Any = self
        self._parts: Any = self

    @property
    def aggregators(self) -> Any:
        return self

    def user(self) -> LLMUserAggregator:
        return self._caller

    async def queue_frame(self, frame: Any) -> None:
        self.queued.set()

    async def heard(self, seconds: float = 0) -> bool:
        return await self.gone_out.wait()


async def begin_press(caller: LLMUserAggregator, keys: str) -> Callable[[], Awaitable[None]]:
    """Begin to send ``keys``; what ends that."""
    pressing = Pressing(caller)
    task = asyncio.create_task(pressing.press(keys))
    await pressing.queued.wait()

    async def end() -> None:
        pressing.gone_out.set()
        await task

    return end


@pytest.fixture
def caller() -> LLMUserAggregator:
    strategies = UserTurnStrategies(start=[TranscriptionUserTurnStartStrategy()], stop=[])
    params = LLMUserAggregatorParams(user_turn_strategies=strategies)
    return LLMContextAggregatorPair(LLMContext(), user_params=params).user()


async def test_keys_that_are_pressed_at_once_leave_the_caller_able_to_interrupt(
    caller: LLMUserAggregator,
) -> None:
    ends = [await begin_press(caller, key) for key in "12"]
    for end in ends:
        assert not pipecat_private.may_interrupt(caller)
        await end()
    assert pipecat_private.may_interrupt(caller)


async def test_keys_that_are_pressed_for_a_caller_who_waited_leave_them_able_to_interrupt(
    caller: LLMUserAggregator,
) -> None:
    pipecat_private.suspend_interruptions(caller, "patience", True)
    end = await begin_press(caller, "1")
    await end()
    assert not pipecat_private.may_interrupt(caller), "they have not heard the agent yet"
    pipecat_private.suspend_interruptions(caller, "patience", False)
    assert pipecat_private.may_interrupt(caller)


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_node_that_a_flow_goes_on_to_meanwhile_says_who_interrupts_afterwards(
    caller: LLMUserAggregator, allowed: bool
) -> None:
    pipecat_private.allow_interruptions(caller, not allowed)
    end = await begin_press(caller, "1")
    pipecat_private.allow_interruptions(caller, allowed)
    assert not pipecat_private.may_interrupt(caller), "the tones have not gone out"
    await end()
    assert pipecat_private.may_interrupt(caller) is allowed
