"""The agent hangs up, transfers, presses and reads keys, and waits."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import OutputDTMFFrame
from pipecat.transports.base_output import BaseOutputTransport

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plugins.builtin import tool_of
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.twilio import TwilioServer
from agentrun.spec.models.tools.tool_use import ToolUse
from tests.calls.desk import HELLO, OPEN, QUESTION, STYLES, open_desk
from tests.calls.quick import calls, quick_call
from tests.calls.test_on_fault import Company

TO = {"tools": '[{use: transfer, to: {billing: "+15557654321"}}]'}
BYE = "Goodbye, and thank you so much for your call this evening."


def words(text: str, style: str) -> list[Answer]:
    """A realtime model says by itself what it is asked to say."""
    return [Answer(text)] if style == "realtime" else []


@pytest.mark.parametrize("style", STYLES)
async def test_the_agent_hangs_up_after_its_goodbye_was_heard(tmp_path: Path, style: str) -> None:
    script = [HELLO, calls("hang_up", goodbye=BYE), *words(BYE, style)]
    async with (
        TwilioServer() as twilio,
        open_desk(
            tmp_path,
            script,
            style=style,
            overrides={"tools": "[hang_up]"},
            environ=twilio.environ(),
            insecure=False,
        ) as desk,
        desk.caller.call(desk.url) as call,
    ):
        twilio.bind(call)
        await call.hear_greeting(silence=0.5)
        await call.say(QUESTION)
        await call.until(lambda: call.over, call.timeline.seconds + 20)
        record = await desk.finished(call)
        desk.brain.assert_complete()
    assert (record.ended_by, record.reason) == ("agent", "the agent hung up")
    assert BYE in desk.voice.spoken
    assert call.unheard == 0
    assert call.marks, "nothing was asked about what was heard"
    assert [request.form for request in twilio.requests] == [{"Status": "completed"}]
    tools = [entry for entry in record.transcript if entry.who == "tool"]
    assert [(entry.name, entry.status) for entry in tools] == [("hang_up", "ok")]


@pytest.mark.parametrize("style", STYLES)
async def test_a_caller_who_speaks_over_the_goodbye_stays_on_the_line(tmp_path: Path, style: str) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use="hang_up"))] if found]
    script = [calls("hang_up", goodbye=BYE), *words(BYE, style), OPEN]
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [tool], script, resources=resources) as call,
    ):
        await call.say("That was all.")
        await call.until(lambda: call.speaking and BYE in call.voice.spoken)
        await asyncio.sleep(0.2)
        await call.say("Wait, one more thing.")
        await call.said(OPEN.text)
        assert call.record.ended_by is None
    assert [entry.status for entry in call.record.transcript if entry.who == "tool"] == ["cancelled"]


@pytest.mark.parametrize("style", STYLES)
async def test_a_caller_is_handed_to_whom_the_spec_names(tmp_path: Path, style: str) -> None:
    through = "I will put you through to billing."
    script = [HELLO, calls("transfer", to="billing", words=through), *words(through, style)]
    async with (
        TwilioServer() as twilio,
        open_desk(
            tmp_path, script, style=style, overrides=TO, environ=twilio.environ(), insecure=False
        ) as desk,
        desk.caller.call(desk.url) as call,
    ):
        twilio.bind(call)
        await call.hear_greeting(silence=0.5)
        await call.say(QUESTION)
        await call.until(lambda: call.over, call.timeline.seconds + 20)
        record = await desk.finished(call)
    address = re.escape(f"{desk.url}/twilio/transferred?stream=")
    assert re.search(
        rf'<Response><Dial action="{address}[\w.-]+" timeout="30">\+15557654321</Dial>', call.redirect
    )
    assert call.unheard == 0
    assert through in desk.voice.spoken
    assert (record.ended_by, record.reason) == ("agent", "the agent transferred the caller")
    assert [request.form.get("Status") for request in twilio.requests] == [None], "the call was completed"
    assert [(e.name, e.status) for e in record.transcript if e.who == "tool"] == [("transfer", "ok")]


@pytest.mark.parametrize("broken", ["no credentials", "Twilio refuses", "unknown target"])
async def test_a_transfer_that_fails_is_told_to_the_model(tmp_path: Path, broken: str) -> None:
    target = "sales" if broken == "unknown target" else "billing"
    script = [HELLO, calls("transfer", to=target, words="One moment."), OPEN]
    async with (
        TwilioServer() as twilio,
        open_desk(
            tmp_path,
            script,
            overrides=TO,
            environ={} if broken == "no credentials" else twilio.environ(),
            insecure=broken == "no credentials",
        ) as desk,
    ):
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            await call.until(lambda: OPEN.text in desk.voice.spoken, call.timeline.seconds + 20)
        record = await desk.finished(call)
        twilio.requests.clear()
    [entry] = [entry for entry in record.transcript if entry.who == "tool"]
    assert entry.status == "refused"
    assert {
        "no credentials": "Calls can't be transferred here.",
        "Twilio refuses": "The transfer did not work.",
        "unknown target": "Argument 'to' is 'sales'",
    }[broken] in entry.text
    assert record.ended_by == "caller"


@pytest.mark.parametrize("style", STYLES)
async def test_the_caller_s_keys_reach_the_model(tmp_path: Path, style: str) -> None:
    question = "Please enter your number and the pound key."
    script = [HELLO, calls("collect_digits", question=question), *words(question, style), OPEN]
    async with open_desk(tmp_path, script, style=style, overrides={"tools": "[collect_digits]"}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.press("9")
            await call.say(QUESTION)
            await call.until(lambda: question in desk.voice.spoken, call.timeline.seconds + 20)
            await call.press("4071#")
            await call.until(lambda: OPEN.text in desk.voice.spoken, call.timeline.seconds + 20)
        record = await desk.finished(call)
    [entry] = [entry for entry in record.transcript if entry.who == "tool"]
    assert (entry.status, entry.text) == ("ok", '{"digits":"4071"}')


def loudest(samples: np.ndarray, rate: int = 8000) -> set[int]:
    """Which of the frequencies of telephone keys, in Hz, are in the sound."""
    keys = (697, 770, 852, 941, 1209, 1336, 1477)
    time = np.arange(len(samples)) / rate
    power = {key: abs(np.mean(samples * np.exp(-2j * np.pi * key * time))) for key in keys}
    return {key for key in keys if power[key] > 0.3 * max(power.values())}


@pytest.mark.parametrize("style", STYLES)
async def test_the_agent_presses_keys_that_can_be_heard(tmp_path: Path, style: str) -> None:
    script = [HELLO, calls("send_dtmf", digits="1"), OPEN]
    async with open_desk(tmp_path, script, style=style, overrides={"tools": "[send_dtmf]"}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            said = call.speak(QUESTION)
            await call.until(lambda: OPEN.text in desk.voice.spoken, call.timeline.seconds + 20)
            first = call.timeline.first_sound(said.speech_end)
        record = await desk.finished(call)
    assert first is not None
    tone = call.timeline.heard_between(first, first + 0.1)
    assert loudest(tone.astype(float)) == {697, 1209}
    assert [(e.name, e.status) for e in record.transcript if e.who == "tool"] == [("send_dtmf", "ok")]


async def test_keys_that_were_collected_when_the_caller_spoke_instead_are_in_the_record(
    tmp_path: Path, resources: Resources
) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use="collect_digits"))] if found]
    script = [calls("collect_digits", question="Your number?"), OPEN]
    async with quick_call(
        tmp_path, "cascaded", [tool], script, resources=resources, control=Company("takes")
    ) as call:
        await call.say("I have a number.")
        await call.said("Your number?")
        for key in "40":
            await call.press(key)
        await asyncio.sleep(0.5)
        await call.say("Oh, I would rather say it.")
        await call.said(OPEN.text)
        assert [press.keys for press in call.record.keypad] == ["40"]


async def test_keys_are_pressed_although_a_menu_talks_on(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[str] = []
    write = BaseOutputTransport.write_dtmf

    async def write_dtmf(output: BaseOutputTransport, frame: OutputDTMFFrame) -> None:
        pressed.append(frame.to_string())
        await write(output, frame)

    monkeypatch.setattr(BaseOutputTransport, "write_dtmf", write_dtmf)
    [tool] = [found for found, _ in [tool_of(ToolUse(use="send_dtmf"))] if found]
    words = "I will press one of the keys for you now, just a moment please."
    script = [Answer(words, calls("send_dtmf", digits="1").calls), OPEN, OPEN]
    async with quick_call(
        tmp_path, "cascaded", [tool], script, resources=resources, control=Company("takes")
    ) as call:
        await call.say("For sales, press one.")
        await call.until(lambda: call.speaking and words in call.voice.spoken)
        await call.say("For anything else, press two.")
        await call.said(OPEN.text)
        told = call.tool_results()
    assert pressed == ["1"]
    assert "The keys 1 were pressed." in str(told)


@pytest.mark.parametrize("style", STYLES)
async def test_a_caller_who_asked_for_time_is_not_asked_whether_they_are_there(
    tmp_path: Path, style: str
) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use="wait"))] if found]
    easy, there = Answer("Take your time."), Answer("Are you there?")
    script = [calls("wait", seconds=5), easy, there]
    idle = 'idle: {after: 600ms, say: "Are you there?", times: 9}'
    async with (
        Resources() as resources,
        quick_call(tmp_path, style, [tool], script, turns=idle, resources=resources) as call,
    ):
        await call.say("Wait, please.")
        await call.said(easy.text)
        await asyncio.sleep(1.5)
        assert there.text not in call.voice.spoken
        await call.until(lambda: there.text in call.voice.spoken)


@pytest.mark.parametrize("use", ["send_dtmf", "collect_digits"])
async def test_where_there_is_no_telephone_the_model_is_told(
    tmp_path: Path, use: str, resources: Resources
) -> None:
    [tool] = [found for found, _ in [tool_of(ToolUse(use=use))] if found]
    arguments = {"digits": "1"} if use == "send_dtmf" else {"question": "Your number?"}
    async with quick_call(
        tmp_path, "cascaded", [tool], [calls(use, **arguments), OPEN], resources=resources
    ) as call:
        await call.say("Do it.")
        await call.said(OPEN.text)
        assert "the caller is not on a telephone" in call.tool_results()[-1]
