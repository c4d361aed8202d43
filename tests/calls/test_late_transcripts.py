"""What a caller said is written down where they said it, however late a realtime server tells the words."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_response_universal import UserTurnMessageAddedMessage
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord
from agentrun.session.tracking.transcript import Transcript
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.openai.realtime.session import RealtimeSession
from agentrun.testing import virtual_time
from tests.calls.quick import QuickCall, quick_call

LONG = Answer(
    "We are open from six to eleven, on Sundays from noon to ten, and never on the first of May at all."
)
TABLE = Answer("A table for two.")
COMPLETED = "conversation.item.input_audio_transcription.completed"


@pytest.mark.parametrize("late", [0.0, 1.2, 2.5])
def test_the_question_stands_before_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: float
) -> None:
    tell, sending = RealtimeSession.tell, list[asyncio.Task[None]]()

    async def send(owner: RealtimeSession, kind: str, fields: dict[str, Any]) -> None:
        await asyncio.sleep(late)
        await tell(owner, kind, **fields)

    async def tell_late(owner: RealtimeSession, kind: str, **fields: Any) -> None:
        if kind == COMPLETED and late:
            sending.append(asyncio.create_task(send(owner, kind, fields)))
        else:
            await tell(owner, kind, **fields)

    monkeypatch.setattr(RealtimeSession, "tell", tell_late)

    async def talk() -> QuickCall:
        heard = ["When are you open?", "Stop, a table please."]
        async with (
            Resources() as resources,
            quick_call(tmp_path, "realtime", [], [LONG, TABLE], resources=resources, heard=heard) as call,
        ):
            await call.say("")
            await call.until(lambda: call.speaking)
            await asyncio.sleep(1.0)
            await call.say("")
            await call.said(TABLE.text)
            await asyncio.sleep(4)
            return call

    call = virtual_time.run(talk())
    said = [(entry.who, entry.text) for entry in call.record.transcript]
    assert [who for who, _ in said] == ["agent", "caller", "agent", "caller", "agent"], said
    assert said[1][1] == "When are you open?"
    assert said[3][1] == "Stop, a table please."
    assert len(said[2][1]) < len(LONG.text)


@pytest.mark.parametrize(
    ("dropped", "spoken", "written"),
    [
        (["Yes."], ["At six."], "At six."),
        (["Yes."], ["Yes."], "Yes."),
        (["Yes.", "No."], ["At six.", "For two."], "At six. For two."),
        ([], ["At six.", "For two."], "At six.For two."),
        (["Yes."], ["At six.", "For two."], "At six.For two."),
        (["Yes."], [], "At six."),
    ],
    ids=["one", "the same words", "two", "joined otherwise", "dropped and joined otherwise", "not told"],
)
async def test_words_that_were_dropped_do_not_take_those_after_them_to_their_own_time(
    dropped: list[str], spoken: list[str], written: str
) -> None:
    llm = OpenAIRealtimeLLMService(api_key="none")
    pipecat_private.keep_session(llm, lambda _line: None)
    events = pipecat_private.session_events(llm)
    assert events
    record = CallRecord("c", "desk", "twilio")
    transcript = Transcript(record, asyncio.get_running_loop().time)
    transcript._parts = SimpleNamespace(stt=None, llm=llm)  # type: ignore[assignment]

    def say(words: str) -> None:
        events.caller_items.note("input_audio_buffer.speech_started", {"item_id": words + str(spoken)})
        told = {"item_id": words + str(spoken), "transcript": words}
        events.caller_items.note(COMPLETED, told)

    for words in dropped:  # as those of a caller who is muted
        say(words)
    await asyncio.sleep(0.2)
    began = asyncio.get_running_loop().time()
    await transcript._caller_begins()
    for words in spoken:
        say(words)
    await transcript._caller_spoke(None, UserTurnMessageAddedMessage(written, "", None))
    assert " ".join(entry.text for entry in record.transcript) == written
    assert [entry.at >= began for entry in record.transcript] == [True] * len(record.transcript)
