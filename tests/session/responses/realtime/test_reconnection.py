"""A realtime model's connection is watched as long as the call goes on, and no longer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.pipeline import pipecat_private
from agentrun.session.responses.answer_state import Loss
from agentrun.session.responses.realtime.reconnection import RealtimeReconnection
from agentrun.testing import virtual_time


async def nothing(*_: object, **__: object) -> None:
    """Takes no time."""


def refused_nothing(_words: str) -> str:
    """Nothing is to be asked for otherwise."""
    return ""


async def test_a_call_that_is_over_is_not_connected_anew() -> None:
    closed: Any = SimpleNamespace(_receive_task=None)
    said: list[str] = []

    async def give_up(reason: str) -> None:
        said.append(reason)

    def lost(reason: str, *, unheard: bool) -> Loss:
        said.append(reason)
        return Loss.WORDS if unheard else Loss.NOTHING

    tells = (lost, lambda _asked: None, lambda: True)
    reconnection = RealtimeReconnection(
        closed, said.append, lambda **_: True, give_up, *tells, lambda: False, nothing, refused_nothing, "it"
    )
    async with asyncio.timeout(10):
        await reconnection.watch()
    assert said == []


@pytest.mark.parametrize(("hears", "given_up"), [(False, 1), (True, 0)])
def test_a_model_that_is_deaf_each_time_is_given_up_and_one_that_hears_in_between_is_not(
    monkeypatch: pytest.MonkeyPatch, hears: bool, given_up: int
) -> None:
    events = SimpleNamespace(heard_caller_at=0.0, closed="")

    for name, answer in {
        "session_events": lambda _llm: events,
        "realtime_is_deaf": lambda _llm: False,
        "realtime_is_ready": lambda _llm: True,
        "realtime_restore": nothing,
        "end_half_answer": nothing,
    }.items():
        monkeypatch.setattr(pipecat_private, name, answer)

    async def talk() -> list[str]:
        clock, reasons, moments = asyncio.get_running_loop().time, list[str](), iter([True] * 5)

        async def give_up(reason: str) -> None:
            reasons.append(reason)

        def lost(_reason: str, *, unheard: bool) -> Loss:
            return Loss.WORDS if unheard else Loss.NOTHING

        def is_unheard() -> bool:
            missed = next(moments, None)
            if missed is None:
                over.set()
            elif hears:
                events.heard_caller_at = clock()
            return bool(missed)

        over = asyncio.Event()
        llm: Any = SimpleNamespace()
        async with asyncio.timeout(60):
            watch = RealtimeReconnection(
                *(llm, lambda _text: None, lambda **_: True, give_up),
                lost=lost,
                back=lambda _asked: None,
                is_over=over.is_set,
                is_unheard=is_unheard,
                unasked=nothing,
                mend=refused_nothing,
                name="it",
            )
            await watch.watch()
        return reasons

    assert len(virtual_time.run(talk())) == given_up
