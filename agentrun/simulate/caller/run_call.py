"""Runs one call, from the first ring to the report."""

from __future__ import annotations

from pathlib import Path

from agentrun.simulate.caller import conversation
from agentrun.simulate.caller.caller import Caller
from agentrun.simulate.caller.conversation import Tell
from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.results import report, server_record, spoken_words
from agentrun.simulate.caller.results.report import Report
from agentrun.simulate.caller.results.spoken_words import Transcribe
from agentrun.simulate.caller.script import Script
from agentrun.simulate.caller.twilio.webhook import voice_url
from agentrun.simulate.twilio import TwilioServer


async def run_call(
    url: str,
    caller: Caller,
    script: Script,
    *,
    twilio: TwilioServer | None = None,
    out: Path | None = None,
    transcribe: Transcribe | None = None,
    tell: Tell = lambda _text: None,
) -> Report:
    """Call the agent at ``url``, follow ``script``, and report; nothing is raised for an agent that fails.

    ``twilio`` is the mock server over which the agent may end the call. ``out`` becomes a stereo WAV of both
    sides. ``transcribe`` serves when the server shows no record of the call.
    """
    address = voice_url(url)
    tell("calling")
    try:
        async with caller.call(address) as call:
            if twilio:
                twilio.bind(call, caller.number, caller.called)
            course = await conversation.hold(call, script, tell)
    except RefusedError as error:
        return report.refused(address, error)
    if out:
        call.timeline.write(out)
    tell("asking for the record")
    record = await server_record.fetch(address, call.call_sid, secret=caller.secret)
    turns = (
        spoken_words.from_record(course, record)
        if record
        else await spoken_words.from_sound(course, transcribe)
    )
    return report.make(address, call, course, turns)
