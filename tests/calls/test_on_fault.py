"""A caller is put through when the agent can't go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pipecat.frames.frames import Frame, OutputTransportMessageFrame

from agentrun.errors import ToolError
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.speech import transfers
from agentrun.session.speech.apology import PACKAGED_WORDS
from agentrun.simulate.faults import Fault, Route
from tests.calls.desk import STYLES
from tests.calls.quick import quick_call

ON_FAULT = 'on_fault: {transfer: "+15557654321", say: One moment.}\n'

LONGEST_SILENCE = 8 + 4
"""`limits.answer`, and 4 s."""


class Company:
    """A telephone company that takes the call, refuses it, or says nothing."""

    brings_back = False

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.dialled: list[tuple[str, str]] = []
        self.spoken: list[str] = []
        self.languages: list[str] = []

    def mark(self) -> tuple[Frame, asyncio.Event]:
        echoed = asyncio.Event()
        echoed.set()
        return OutputTransportMessageFrame({}), echoed

    async def speak(self, words: str, language: str) -> bool:
        self.spoken.append(f"{language}: {words}")
        if self.kind == "hangs":
            await asyncio.sleep(60)
        return True

    def let_go(self) -> None:
        raise AssertionError("nothing goes on elsewhere")

    async def transfer(self, to: str, words: str = "", language: str = "en") -> None:
        self.dialled.append((to, words))
        self.languages.append(language)
        if self.kind == "refuses":
            raise ToolError("The transfer did not work.")
        if self.kind == "hangs":
            await asyncio.sleep(60)


@pytest.mark.parametrize("style", STYLES)
async def test_a_caller_is_put_through_instead_of_the_apology(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    company = Company("takes")
    async with quick_call(
        tmp_path, style, [], [], resources=resources, more=ON_FAULT, control=company
    ) as call:
        await call.session.apologise("the model is gone")
    assert company.dialled == [("+15557654321", "One moment.")]
    assert company.spoken == []
    assert call.agent_words == ["Hello.", "One moment."]
    assert call.record.ended_by == "error"
    assert call.record.reason == "the model is gone; the caller was put through"


@pytest.mark.parametrize(
    ("kind", "why"), [("refuses", "The transfer did not work."), ("hangs", "no answer in time")]
)
async def test_a_caller_who_can_t_be_put_through_hears_the_apology(
    tmp_path: Path, kind: str, why: str, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "TRANSFER_SECONDS", 0.2)
    company = Company(kind)
    async with quick_call(
        tmp_path, "cascaded", [], [], resources=resources, more=ON_FAULT, control=company
    ) as call:
        await call.session.apologise("the model is gone")
    assert "I am sorry." in call.agent_words
    assert f"not_put_through: {why}" in call.record.errors
    assert call.record.reason == "the model is gone"


async def test_who_has_waited_for_an_answer_waits_no_longer_for_the_telephone_company(
    tmp_path: Path, resources: Resources
) -> None:
    """The model hangs, and nobody says whether the caller is put through: 8 s and 8 s would be silent."""
    clock, company = asyncio.get_running_loop().time, Company("hangs")
    async with quick_call(
        tmp_path, "cascaded", [], [], resources=resources, more=ON_FAULT, control=company
    ) as call:
        call.openai.conditions.faults["chat"] = Fault("hang")
        await call.say("Yes.")
        asked = clock()
        await call.until(lambda: "I am sorry." in call.agent_words, 40)
        spoken = next(began for began, _ in call.transport._output.sounds if began > asked)
    assert company.dialled == [("+15557654321", "One moment.")]
    assert "not_put_through: no answer in time" in call.record.errors
    assert spoken - asked <= LONGEST_SILENCE


async def test_a_caller_whom_no_voice_has_greeted_waits_no_longer_for_the_company_s_own(
    tmp_path: Path, resources: Resources
) -> None:
    """Neither the agent's voice nor the telephone company's: the packaged sound is heard in time."""
    clock, company = asyncio.get_running_loop().time, Company("hangs")
    broken: dict[Route, Fault] = {"speech": Fault("html")}
    async with quick_call(
        tmp_path, "cascaded", [], [], resources=resources, control=company, greeted=False, faults=broken
    ) as call:
        asked = clock()
        await call.until(lambda: PACKAGED_WORDS in call.agent_words, 40)
        began, _ = call.transport._output.sounds[0]
    assert company.spoken == ["en: I am sorry."]
    assert began - asked <= LONGEST_SILENCE
