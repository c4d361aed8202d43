"""An agent that hears an answering machine leaves a message after the beep."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session.responses.realtime import second_opinion
from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import HELLO, QUESTION, STYLES, open_desk
from tests.calls.quick import LOUD, SILENCE, calls, quick_call
from tests.calls.test_told_turns import is_loud

MESSAGE = "This is the restaurant. Your table is ready."
LONG = "This is the restaurant. Your table for four is ready at eight. Please call us back today."
OPENING = "Good morning, this is the restaurant, and we call about the table that you booked for tonight."
FLOW = f"""
flow:
  initial_node: start
  nodes:
    start:
      pre_actions: [{{type: tts_say, text: "{OPENING}"}}]
      task_messages: [{{role: user, content: "Ask whether they come."}}]
      functions: []
"""
PROMPTS = "prompts: {system: You call., apology: I am sorry.}"


@pytest.mark.parametrize("style", STYLES)
async def test_a_message_is_left_once_the_machine_is_silent(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    more = f"tools: [{{use: leave_voicemail, message: '{MESSAGE}'}}]\n"
    said = [] if style == "cascaded" else [Answer(MESSAGE)]
    script = [calls("leave_voicemail"), *said]
    async with quick_call(tmp_path, style, [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada. Please leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == MESSAGE
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


async def test_the_model_may_choose_the_words(tmp_path: Path, resources: Resources) -> None:
    script = [calls("leave_voicemail", message="Please call back.")]
    more = "tools: [leave_voicemail]\n"
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("Leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == "Please call back."


async def test_a_machine_that_talks_on_is_waited_for(tmp_path: Path, resources: Resources) -> None:
    script = [calls("leave_voicemail", message="Please call back.")]
    more = "tools: [leave_voicemail]\n"
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada.")
        await call.until(lambda: len(call.brain.asked) == 1)
        for _ in range(3):
            await call.transport.hear(LOUD)
        assert call.record.ended is None
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == "Please call back."


@pytest.mark.parametrize("style", STYLES)
async def test_a_machine_that_talks_into_the_message_gets_it_whole_once_more(
    tmp_path: Path, style: str, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "speech_in", lambda *_: is_loud)
    more = f"tools: [{{use: leave_voicemail, message: '{LONG}'}}]\n"
    script = [calls("leave_voicemail"), calls("leave_voicemail")]
    if style == "realtime":  # the model answers the machine, and is told then that the message was not left
        script = [script[0], Answer(LONG), Answer("Hello?"), script[1], Answer(LONG)]
    async with quick_call(tmp_path, style, [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada.")
        await call.until(lambda: call.speaking and len(call.agent_words) == 1)
        await asyncio.sleep(0.6)
        await call.say("Please leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None, 60)
    last = [entry for entry in call.record.transcript if entry.who == "agent"][-1]
    assert (last.text, last.cut_by) == (LONG, "")
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["refused", "ok"]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


async def test_a_machine_that_beeps_into_the_message_gets_it_whole_once_more_from_the_same_call(
    tmp_path: Path, resources: Resources
) -> None:
    more = f"tools: [{{use: leave_voicemail, message: '{LONG}'}}]\n"
    script = [calls("leave_voicemail"), Answer(LONG), calls("leave_voicemail"), Answer(LONG)]
    async with quick_call(tmp_path, "realtime", [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada.")
        await call.until(lambda: call.speaking and len(call.agent_words) == 1)
        await asyncio.sleep(0.6)
        await call.transport.hear(LOUD + SILENCE)
        await call.until(lambda: call.record.ended is not None, 60)
    last = [entry for entry in call.record.transcript if entry.who == "agent"][-1]
    assert (last.text, last.cut_by) == (LONG, "")
    first, second = [entry for entry in call.record.transcript if entry.who == "tool"]
    assert (first.status, second.status) == ("ok", "refused")
    assert second.text == "The call is being ended already. Do nothing more."
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent hung up")


async def test_a_person_who_picks_up_amid_the_message_is_talked_with(
    tmp_path: Path, resources: Resources
) -> None:
    more = f"tools: [{{use: leave_voicemail, message: '{LONG}'}}]\n"
    script = [calls("leave_voicemail"), Answer("Hello Ada.")]
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("You have reached Ada.")
        await call.until(lambda: call.speaking and LONG.split(". ")[0] in str(call.voice.spoken))
        await asyncio.sleep(0.6)
        await call.say("Hello? I am here!")
        await call.said("Hello Ada.")
        await asyncio.sleep(5)
        assert call.record.ended_by is None


@pytest.mark.parametrize("style", STYLES)
async def test_a_message_for_a_machine_that_was_detected_is_not_interrupted(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    script = [] if style == "cascaded" else [Answer(LONG)]
    async with quick_call(tmp_path, style, [], script, resources=resources) as call:
        await call.session.leave_message(LONG, "left a message: machine_end_beep")
        await call.until(lambda: call.speaking)
        await asyncio.sleep(0.6)
        await call.say("If you are satisfied with your message, press one.")
        await call.until(lambda: call.record.ended is not None)
    assert call.agent_words[-1] == LONG
    assert call.record.reason == "left a message: machine_end_beep"


@pytest.mark.parametrize("style", STYLES)
async def test_nor_is_one_that_comes_amid_the_words_before_a_flow_s_first_node(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    script = [] if style == "cascaded" else [Answer(OPENING), Answer(LONG)]
    opened = quick_call(
        tmp_path, style, [], script, resources=resources, more=FLOW, prompts=PROMPTS, greeted=False
    )
    async with opened as call:
        await call.until(lambda: call.speaking)
        await asyncio.sleep(0.5)
        await call.session.leave_message(LONG, "left a message: machine_start")
        await asyncio.sleep(1)
        await call.say("Please leave a message after the tone.")
        await call.until(lambda: call.record.ended is not None, 60)
    last = [entry for entry in call.record.transcript if entry.who == "agent"][-1]
    assert (last.text, last.cut_by) == (LONG, "")


@pytest.mark.parametrize("style", STYLES)
async def test_nor_is_it_on_the_telephone(tmp_path: Path, style: str) -> None:
    said = [] if style == "cascaded" else [Answer(LONG)]
    async with (
        open_desk(tmp_path, [HELLO, *said], style=style) as desk,
        desk.caller.call(desk.url) as call,
    ):
        await call.hear_greeting(silence=0.5)
        session = desk.server.switchboard.session("desk", call.call_sid)
        assert session is not None
        await session.leave_message(LONG, "left a message: machine_end_beep")
        await call.until(lambda: LONG.split(". ")[0] in str(desk.voice.spoken), call.timeline.seconds + 20)
        await call.say(QUESTION)
        await call.until(lambda: call.over, call.timeline.seconds + 20)
        record = await desk.finished(call)
    last = [entry for entry in record.transcript if entry.who == "agent"][-1]
    assert (last.text, last.cut_by) == (LONG, "")
