"""A telephone without a telephone: it acts as Twilio and as the caller.

async with Caller().call("http://127.0.0.1:7860/ncaa") as call:
    greeting = await call.hear_greeting()
    await call.say(Path("question.wav"))
    answer = await call.hear_answer()
"""

from __future__ import annotations

from agentrun.simulate.caller.caller import Caller
from agentrun.simulate.caller.exchanges import BargeIn, Heard, SpokenUtterance
from agentrun.simulate.caller.phone_call import PhoneCall
from agentrun.simulate.caller.refusal import CallOverError, NoAnswerError, RefusedError
from agentrun.simulate.caller.sound.speech import Speech

__all__ = [
    "BargeIn",
    "CallOverError",
    "Caller",
    "Heard",
    "NoAnswerError",
    "PhoneCall",
    "RefusedError",
    "Speech",
    "SpokenUtterance",
]
