"""A caller who follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agentrun.simulate.caller.exchanges import BargeIn, Heard, SpokenUtterance
from agentrun.simulate.caller.phone_call import GREETING_SILENCE_SECONDS, PhoneCall
from agentrun.simulate.caller.refusal import CallOverError, NoAnswerError
from agentrun.simulate.caller.script import Script, Utterance

Tell = Callable[[str], None]


@dataclass
class Exchange:
    """One utterance, or none for what the agent said unasked, and what was heard after it."""

    utterance: Utterance | None = None
    said: SpokenUtterance | None = None
    heard: Heard | None = None


@dataclass
class CallProgress:
    """How the call went, as far as it went; ``failure`` says why the script was not carried out."""

    exchanges: list[Exchange] = field(default_factory=list)
    barge_in: BargeIn | None = None
    failure: str = ""

    def begin(self, utterance: Utterance | None = None) -> Exchange:
        """Add an exchange."""
        exchange = Exchange(utterance)
        self.exchanges.append(exchange)
        return exchange


async def hold(call: PhoneCall, script: Script, tell: Tell = lambda _text: None) -> CallProgress:
    """Follow ``script`` and hang up; ``tell`` hears what is going on."""
    course = CallProgress()
    timer = asyncio.create_task(_hang_up_at(call, script.hang_up_after))
    try:
        await _follow(call, script, course, tell)
    finally:
        timer.cancel()
        await asyncio.wait({timer})
    await call.hang_up()
    return course


async def _hang_up_at(call: PhoneCall, seconds: float | None) -> None:
    if seconds is None:
        return
    await call.until(lambda: call.timeline.seconds >= seconds)
    await call.hang_up()


async def _follow(call: PhoneCall, script: Script, course: CallProgress, tell: Tell) -> None:
    try:
        await _talk(call, script, course, tell)
    except NoAnswerError as error:
        course.failure = error.message
    except CallOverError as error:
        if error.ended_by != "caller":
            course.failure = error.message
    if script.hang_up_after is not None and not course.failure:
        await _stay(call, script.hang_up_after, course, tell)


async def _talk(call: PhoneCall, script: Script, course: CallProgress, tell: Tell) -> None:
    exchange = course.begin()
    if script.greeting and (script.utterances or not script.barge_in):
        tell("waiting for the greeting")
        exchange.heard = await call.hear_greeting(
            script.timeout, min(script.silence, GREETING_SILENCE_SECONDS)
        )
    for left, utterance in zip(range(len(script.utterances))[::-1], script.utterances, strict=True):
        exchange = course.begin(utterance)
        tell(f"saying {utterance.name}")
        exchange.said = call.speak(utterance.speech)
        await call.until(lambda: not call.speaking)
        call.require_up()
        if left or not script.barge_in:
            tell("listening")
            exchange.heard = await call.hear_answer(script.timeout, script.silence)
    if script.barge_in:
        await _interrupt(call, script.barge_in, script, course, tell)


async def _interrupt(
    call: PhoneCall, utterance: Utterance, script: Script, course: CallProgress, tell: Tell
) -> None:
    tell(f"listening, to interrupt with {utterance.name}")
    cut = course.exchanges[-1]
    course.barge_in = interruption = await call.barge_in(utterance.speech, timeout=script.timeout)
    cut.heard = interruption.heard
    exchange = course.begin(utterance)
    exchange.said = interruption.said
    if interruption.speaking and interruption.silenced_ms is None:
        course.failure = "the agent spoke on when it was interrupted"
        return
    tell("listening")
    exchange.heard = await call.hear_answer(script.timeout, script.silence)


async def _stay(call: PhoneCall, until: float, course: CallProgress, tell: Tell) -> None:
    tell("staying on the line")
    since = max((each.heard.ended_at for each in course.exchanges if each.heard), default=0.0)
    await call.until(lambda: call.timeline.seconds >= until)
    started, ended = call.timeline.first_sound(since), call.timeline.last_sound(since)
    if started is not None and ended is not None:
        pcm = call.timeline.heard_between(started, ended)
        course.begin().heard = Heard(pcm, started, ended, 0.0)
