"""What a caller writes in a page is a turn: in both styles, over what is being said, and with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls import test_gemini_live, test_other_realtime_models, test_ultravox
from tests.calls.desk import STYLES
from tests.calls.gemini_server import Gemini, end, said
from tests.calls.quick import QuickCall, Talk, played
from tests.calls.realtime_server import Server
from tests.calls.test_other_realtime_models import MODELS

BOTH = pytest.mark.parametrize("style", STYLES)
COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
LONG = Answer(f"{COUNT.capitalize()}. {COUNT.capitalize()}. {COUNT.capitalize()}.")


def play(folder: Path, style: str, answers: Sequence[Answer], conversation: Talk) -> QuickCall:
    """A call of a page on the virtual clock, as it is when it has ended."""
    return played(folder, style, [], answers, conversation, page=True)


def words(call: QuickCall) -> list[tuple[str, str]]:
    """What the record has of both sides."""
    return [(entry.who, entry.text) for entry in call.record.transcript]


@BOTH
def test_written_words_are_answered_aloud_and_stand_in_the_record(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.write("Do you have a terrace?")
        await call.said("Yes, a terrace.")
        await call.write("Is it heated?")
        await call.said("It is heated.")

    call = play(tmp_path, style, [Answer("Yes, a terrace."), Answer("It is heated.")], conversation)
    assert words(call) == [
        ("agent", "Hello."),
        ("caller", "Do you have a terrace?"),
        ("agent", "Yes, a terrace."),
        ("caller", "Is it heated?"),
        ("agent", "It is heated."),
    ]
    asked = [message.get("content") for message in call.brain.asked[-1].messages if message["role"] == "user"]
    assert [str(content).count("Is it heated?") for content in asked].count(1) == 1, asked
    assert call.record.errors == []
    entries = call.record.transcript
    for turn, question, answer in zip(call.record.turns, entries[1::2], entries[2::2], strict=True):
        assert turn.at == pytest.approx(question.at, abs=0.5)
        assert turn.at + turn.total_ms / 1000 == pytest.approx(answer.at, abs=0.005)
        assert set(turn.stages) <= (
            {"llm", "tts", "transport"} if style == "cascaded" else {"model", "transport"}
        )
        assert sum(turn.stages.values()) == pytest.approx(turn.total_ms, abs=1)
        assert "llm" in turn.stages or "model" in turn.stages


@BOTH
def test_written_words_cut_off_what_is_being_said(tmp_path: Path, style: str) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.write("Count, please.")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(2)
        await call.write("Stop, and say when you open.")
        await call.said("At six.")

    call = play(tmp_path, style, [LONG, Answer("At six.")], conversation)
    (counted,) = [entry for entry in call.record.transcript if entry.interrupted]
    assert counted.cut_by == "caller"
    assert len(counted.text) < len(LONG.text)
    assert words(call)[-2:] == [("caller", "Stop, and say when you open."), ("agent", "At six.")]


def test_a_model_that_says_nothing_to_written_words_is_asked_again(tmp_path: Path) -> None:
    async def conversation(call: QuickCall) -> None:
        await call.write("Do you have a terrace?")
        await call.said("Yes, a terrace.")

    call = play(tmp_path, "cascaded", [Answer(""), Answer("Yes, a terrace.")], conversation)
    assert words(call)[1:] == [("caller", "Do you have a terrace?"), ("agent", "Yes, a terrace.")]


@pytest.mark.parametrize("provider", MODELS)
def test_models_that_speak_like_openai_are_told_once_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async def talk(call: QuickCall, _server: Server) -> None:
        await call.write("Do you have a terrace?")
        await call.said("Yes, a terrace.")
        await call.write("Is it heated?")
        await call.said("It is heated.")

    script = Answer("Yes, a terrace."), Answer("It is heated.")
    call = test_other_realtime_models.called(tmp_path, monkeypatch, provider, talk, *script, page=True)
    asked = [message.get("content") for message in call.brain.asked[-1].messages if message["role"] == "user"]
    assert [str(content).count("Is it heated?") for content in asked].count(1) == 1, asked
    assert call.record.errors == []


@test_gemini_live.pytestmark
def test_gemini_live_is_told_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    async def talk(call: QuickCall, gemini: Gemini) -> None:
        gemini.answers.append([*said("Yes, a terrace."), *end()])
        before = len(gemini.taken)
        await call.write("Do you have a terrace?")
        await call.said("Yes, a terrace.")
        await asyncio.sleep(10.0)
        taken.extend(map(str, gemini.taken[before:]))

    call = test_gemini_live.called(tmp_path, monkeypatch, talk, page=True)
    assert [each.count("Do you have a terrace?") for each in taken] == [1]
    assert words(call) == [
        ("agent", "Hello."),
        ("caller", "Do you have a terrace?"),
        ("agent", "Yes, a terrace."),
    ]
    assert call.record.errors == []


def test_ultravox_is_told_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    async def talk(call: QuickCall, ultravox: test_ultravox.Ultravox) -> None:
        await call.said("Hello.")
        ultravox.answers.append([*test_ultravox.said("Yes, a terrace."), test_ultravox.LISTENING])
        before = len(ultravox.taken)
        await call.write("Do you have a terrace?")
        await call.said("Yes, a terrace.")
        await asyncio.sleep(10.0)
        taken.extend(map(str, ultravox.taken[before:]))

    call = test_ultravox.called(tmp_path, monkeypatch, talk, page=True)
    assert [each.count("Do you have a terrace?") for each in taken] == [1]
    assert words(call)[1:] == [("caller", "Do you have a terrace?"), ("agent", "Yes, a terrace.")]
    assert call.record.errors == []
