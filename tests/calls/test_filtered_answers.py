"""A provider stops an answer in the middle: what was heard stays, and something follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun.session.responses.remedies import GO_ON, GO_ON_OTHERWISE
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.openai import chat
from agentrun.spec.models.agent import Prompts
from tests.calls.quick import LOUD, QuickCall, played
from tests.calls.realtime_server import Server
from tests.calls.test_ends_of_responses import cut_after
from tests.calls.test_public_realtime_bugs import LONG, TABLE, called

REPEAT = str(Prompts.model_fields["repeat"].default)
FOLLOWS = [(1, TABLE.text), (2, REPEAT), (3, "I am sorry.")]


async def ask(call: QuickCall, then: str) -> None:
    await call.say("Tell me about that.")
    await call.said(then)


def ends_as(monkeypatch: pytest.MonkeyPatch, reason: str, times: int) -> None:
    """The next answers of the mock server's chat end so, behind their words."""
    event, left = chat._event, iter([reason] * times)

    def changed(data: dict[str, Any]) -> str:
        for choice in data["choices"]:
            if choice["finish_reason"] == "stop":
                choice["finish_reason"] = next(left, "stop")
        return event(data)

    monkeypatch.setattr(chat, "_event", changed)


@pytest.mark.parametrize(("times", "then"), FOLLOWS[:2])
@pytest.mark.parametrize("reason", ["content_filter", "sensitive"])
def test_in_a_cascade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, times: int, then: str
) -> None:
    ends_as(monkeypatch, reason, times)
    answers = [LONG] * times + [TABLE]
    call = played(tmp_path, "cascaded", [], answers, lambda call: ask(call, then), apology=LOUD * 2)
    assert call.agent_words == ["Hello.", *[LONG.text] * times, then]
    assert GO_ON_OTHERWISE in str(call.brain.asked)
    assert reason in call.record.errors[0]
    assert call.record.ended_by == "caller"


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource", "abort"])
def test_an_answer_that_a_provider_says_to_have_failed_at_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    ends_as(monkeypatch, reason, 1)
    call = played(
        tmp_path, "cascaded", [], [LONG, TABLE], lambda call: ask(call, TABLE.text), apology=LOUD * 2
    )
    assert GO_ON in str(call.brain.asked)


def test_an_answer_that_ends_at_the_length_that_was_asked_for_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_as(monkeypatch, "length", 1)
    call = played(tmp_path, "cascaded", [], [TABLE], lambda call: ask(call, TABLE.text))
    assert call.record.errors == ["the answer was cut: length"]
    assert len(call.brain.asked) == 1


@pytest.mark.parametrize(("times", "then"), FOLLOWS)
def test_of_a_realtime_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, then: str) -> None:
    server = Server(monkeypatch)

    async def talk(call: QuickCall) -> None:
        filtered = {"type": "incomplete", "reason": "content_filter"}
        server.change = cut_after(2, "incomplete", filtered, times)
        await ask(call, then)

    answers = [LONG, TABLE] if times == 1 else [LONG, LONG, Answer(REPEAT)]
    call = called(tmp_path, answers, talk)
    assert GO_ON_OTHERWISE in str(call.brain.asked)
    assert (call.record.ended_by == "error") is (times == 3), call.record.errors
