"""An answer of a model that finds turns by itself, begun while this machine takes the caller to speak."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pipecat.frames.frames import VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame

from tests.calls import test_gemini_live
from tests.calls.gemini_server import Gemini, end, said
from tests.calls.quick import QuickCall
from tests.calls.test_gemini_live import AGAIN, OPEN, called, codes, speak

pytestmark = test_gemini_live.pytestmark


async def answered_early(call: QuickCall, gemini: Gemini, before: float) -> None:
    """The caller asks, and has an answer ``before`` seconds before their voice is taken for over."""
    worker = call.session.parts.worker
    await worker.queue_frame(VADUserStartedSpeakingFrame())
    await asyncio.sleep(0.6)
    await gemini.send(*said(OPEN, 1.0), *end())
    await asyncio.sleep(before)
    await worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))


@pytest.mark.parametrize("before", [0.1, 0.5, 1.5])
def test_an_answer_counts_while_a_noise_is_heard_behind_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: float
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await answered_early(call, gemini, before)
        await asyncio.sleep(20.0)

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN], [])


@pytest.mark.parametrize("after", [0.05, 0.15])
def test_an_answer_counts_that_the_server_does_not_take_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await speak(call)
        await gemini.send(*said(OPEN, 3.0), *end())
        await asyncio.sleep(after)
        await speak(call, 0.3)
        await asyncio.sleep(20.0)

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words, call.record.errors) == (["Hello.", OPEN], [])


def test_a_caller_who_cut_the_answer_off_unnoticed_is_asked_for_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(call: QuickCall, gemini: Gemini) -> None:
        await speak(call)
        await gemini.send(*said(OPEN, 3.0), *end())
        await asyncio.sleep(1.0)
        gemini.answers.append([*said(AGAIN), *end()])
        await speak(call, 0.3)
        await asyncio.sleep(20.0)

    call = called(tmp_path, monkeypatch, talk)
    assert (call.agent_words[-1], codes(call), call.record.ended_by) == (AGAIN, ["realtime_late"], "caller")


@pytest.mark.parametrize("before", [0.0, 0.5])
def test_a_line_written_after_an_early_answer_is_owed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: float
) -> None:
    waited = []

    async def talk(call: QuickCall, gemini: Gemini) -> None:
        if before:
            await answered_early(call, gemini, before)
        else:
            await speak(call)
            await gemini.send(*said(OPEN), *end())
        await asyncio.sleep(13.0)
        await call.write("Do you have a terrace?")
        since = asyncio.get_running_loop().time()
        await call.until(lambda: bool(call.record.errors), 20.0)
        waited.append(asyncio.get_running_loop().time() - since)

    call = called(tmp_path, monkeypatch, talk, page=True)
    assert (call.agent_words[:2], codes(call)[0]) == (["Hello.", OPEN], "realtime_late")
    assert waited == [pytest.approx(8.0, abs=0.5)]
