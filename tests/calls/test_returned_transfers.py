"""A caller whom nobody takes comes back to the agent, which goes on in the same record."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from agentrun.records.store import leases
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.server.records import record_writer
from agentrun.simulate.caller import Caller
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.twilio import twiml, webhook
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.outgoing_messages import Messages
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import TwilioServer
from tests.calls.desk import QUESTION
from tests.cli.serve_process import serving

pytestmark = pytest.mark.slow
SPEC = """
name: desk
transport: twilio
resume: true
prompts: {system: Hi., greeting: {say: Good evening.}, apology: Sorry.}
tools: [{use: transfer, to: {billing: "+15557654321"}}]
limits: {answer: 60s, ring: 12s, calls: 1}
"""
TOKEN = "0123456789abcdef0123456789abcdef"
PUT_THROUGH = Answer(calls=(ToolCall("transfer", {"to": "billing", "words": "One moment."}),))
BUSY = Answer("Billing is on another call. Shall I take a message?")
HEARD = ("Billing, please.", "Yes, please.")


async def row(store_url: str) -> dict[str, Any]:
    """The record of the only call, once it has ended."""
    async with asyncio.timeout(60):
        while True:
            with Store(store_url) as store:
                rows = list(store.find(CallQuery()))
            if rows and rows[0]["ended"]:
                assert len(rows) == 1
                return rows[0]
            await asyncio.sleep(0.1)


async def comes_back(call: PhoneCall, action: str, status: str) -> PhoneCall:
    """The network tells that nobody took the caller; their next stream."""
    form = {
        "AccountSid": "AC" + "0" * 32,
        "CallSid": call.call_sid,
        "CallStatus": "in-progress",
        "From": "+12025550143",
        "To": "+12025550199",
        "DialCallStatus": status,
    }
    stream = await webhook.ask(action, form, TOKEN)
    messages = Messages(form["AccountSid"], call.call_sid, "MZ" + uuid.uuid4().hex)
    line = await MediaSocket.open(twiml.reachable(stream.url, action), lambda: 0.0)
    back = PhoneCall(line, messages, 0.0)
    back.start(stream.parameters)
    return back


async def goes_on(back: PhoneCall) -> None:
    """Hear the agent out, and answer it."""
    await back.hear_greeting(60)
    await back.say(QUESTION)
    await back.hear_answer(60)
    await back.hang_up()
    await back.close()


@pytest.mark.parametrize("returns", [True, False])
async def test_a_caller_whom_nobody_took_goes_on_with_the_agent(tmp_path: Path, returns: bool) -> None:
    spec, store = tmp_path / "desk.yaml", f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    spec.write_text(SPEC)
    hearing, brain = ScriptedHearing(HEARD), ScriptedBrain([PUT_THROUGH, BUSY, Answer("It is noted.")])
    async with (
        TwilioServer(auth_token=TOKEN) as twilio,
        OpenAIServer(hearing, ToneVoice(), brain) as openai,
    ):
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **twilio.environ()}
        async with running_server([spec], environ, Options(port=0, records=store)) as server:
            async with Caller(auth_token=TOKEN).call(f"{server.url}/desk") as call:
                twilio.bind(call)
                await call.hear_greeting()
                call.speak(QUESTION)  # they may be put through before the silence behind it is over
                await call.until(lambda: call.over, 60)
                [dial] = ElementTree.fromstring(call.redirect)
                assert (dial.text, dial.get("timeout")) == ("+15557654321", "12")
                if returns:
                    await until_free(server)
                    back = await comes_back(call, dial.attrib["action"], "busy")
                    await goes_on(back)
                else:
                    idle = asyncio.create_task(server.switchboard.wait_until_idle())
                    await asyncio.sleep(0.5)
                    assert not idle.done(), "a server that is to stop waits for who may come back"
                    await asyncio.wait_for(idle, 60)
            found = await row(store)
            asked = [str(request.body) for request in openai.requests if request.route == "chat"]
    said = [entry["text"] for entry in found["transcript"] if entry["who"] != "tool"]
    assert said[:3] == ["Good evening.", "Billing, please.", "One moment."]
    if returns:
        assert said[3:] == [BUSY.text, "Yes, please.", "It is noted."]
        assert "put the caller through, but the line there was busy" in asked[1]
        assert "Nobody knows whether it was done" not in asked[1]
        assert found["errors"] == ["transfer_unanswered: the line there was busy"]
        assert (found["ended_by"], found["reason"]) == ("caller", "the caller hung up")
    else:
        assert (found["ended_by"], found["reason"]) == ("agent", "the agent transferred the caller")
        assert found["seconds"] < 20, "what it rang is not of the call"


async def test_a_caller_comes_back_to_another_server_where_theirs_was_killed_while_it_rang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_writer, "TOUCH_SECONDS", 0.2)
    monkeypatch.setattr(leases, "CONFIRM_SECONDS", 0.2)
    spec, store = tmp_path / "desk.yaml", f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    spec.write_text(SPEC)
    hearing, brain = ScriptedHearing(HEARD), ScriptedBrain([PUT_THROUGH, BUSY, Answer("It is noted.")])
    async with (
        TwilioServer(auth_token=TOKEN) as twilio,
        OpenAIServer(hearing, ToneVoice(), brain) as openai,
    ):
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **twilio.environ()}
        async with (
            running_server([spec], environ, Options(port=0, records=store)) as other,
            serving(spec, environ, "--records", store) as (process, url),
            Caller(auth_token=TOKEN).call(f"{url}/desk") as call,
        ):
            twilio.bind(call)
            await call.hear_greeting()
            call.speak(QUESTION)
            await call.until(lambda: call.over, 60)
            [dial] = ElementTree.fromstring(call.redirect)
            with Store(store) as rows:
                async with asyncio.timeout(20):
                    while not next(iter(rows.find(CallQuery())))["ended_by"]:  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.1)
                process.kill()
                await process.wait()
                with rows._engine.begin() as connection:
                    connection.execute(sa.text("UPDATE leases SET expires = 20"))
            await asyncio.sleep(3)  # in which a call of a server that was killed is closed
            action = urlsplit(dial.attrib["action"])._replace(netloc=urlsplit(other.url).netloc).geturl()
            back = await comes_back(call, action, "no-answer")
            await goes_on(back)
            found = await row(store)
    said = [entry["text"] for entry in found["transcript"] if entry["who"] != "tool"]
    assert said[3:] == [BUSY.text, "Yes, please.", "It is noted."]
    assert found["errors"] == ["transfer_unanswered: nobody answered there"]
    assert (found["ended_by"], found["reason"]) == ("caller", "the caller hung up")


async def until_free(server: Any) -> None:
    """The agent is free for others while it rings."""
    async with asyncio.timeout(20):
        while server.switchboard.admission.held:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.05)
