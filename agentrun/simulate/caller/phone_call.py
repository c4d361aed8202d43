"""One telephone call from the caller's side: speak, listen, interrupt, press keys, hang up."""

from __future__ import annotations

from pathlib import Path

from agentrun.simulate.caller.exchanges import BargeIn, Heard, SpokenUtterance
from agentrun.simulate.caller.refusal import CallOverError, NoAnswerError
from agentrun.simulate.caller.sound import speech as sounds
from agentrun.simulate.caller.sound.speech import Speech
from agentrun.simulate.caller.twilio.media_stream import MediaStream
from agentrun.transports.mulaw import Samples, encode

TIMEOUT_SECONDS = 15.0
GREETING_SILENCE_SECONDS = 1.2
ANSWER_SILENCE_SECONDS = 1.5
_LONGEST_ANSWER_SECONDS = 120.0
_SHORT_SILENCE_SECONDS = 0.3
_CUT_SECONDS = 1.0
_SILENT_SECONDS = 0.7
"""More than a pause between two words; after a ``clear``, or when the caller has finished, less will do."""
_KEYS = frozenset("0123456789*#")

Sound = Speech | Samples | Path


class PhoneCall(MediaStream):
    """A call that is connected; made by ``Caller.call``, which also ends it.

    All times are seconds since the ``start`` message of the stream, as the caller hears it.
    """

    _asked = 0.0
    _listen_from = 0.0
    _heard_until = 0.0

    def speak(self, sound: Sound) -> SpokenUtterance:
        """Begin to say ``sound`` (samples are 16 bits at 8 kHz) after what is still being said."""
        speech = _speech(sound)
        start, end = self.queue(encode(speech.samples))
        utterance = SpokenUtterance(start, start + speech.start, start + speech.end, end)
        self._asked = self._listen_from = utterance.speech_end
        return utterance

    async def say(self, sound: Sound) -> SpokenUtterance:
        """Say ``sound`` and wait until it has been said; raises CallOverError when the call ends."""
        utterance = self.speak(sound)
        await self.until(lambda: self.timeline.seconds >= utterance.end)
        self.require_up()
        return utterance

    async def press(self, digits: str, gap: float = 0.1) -> bool:
        """Press the keys of ``digits`` (``0`` to ``9``, ``*``, ``#``), ``gap`` seconds apart.

        What is heard from then on is the answer to them. An agent that is speaking has a second to fall
        silent; whether it was cut off. Raises ValueError for another key, CallOverError when the call ends.
        """
        wrong = sorted(set(digits) - _KEYS)
        if wrong:
            raise ValueError(f"'{wrong[0]}' is not a key of a telephone: 0123456789*#")
        began, speaking = self.timeline.seconds, self.timeline.silence() < _SILENT_SECONDS
        for digit in digits:
            self.send_key(digit)
            await self.wait(gap)
        self._asked = self.timeline.seconds
        if speaking:
            await self.until(lambda: any(at >= began for at in self.clears), self._asked + _CUT_SECONDS)
        cleared = [at for at in self.clears if at >= began]
        self._listen_from = max(cleared[:1] or [self._asked])
        return speaking and bool(cleared)

    async def hear_greeting(
        self, timeout: float = TIMEOUT_SECONDS, silence: float = GREETING_SILENCE_SECONDS
    ) -> Heard:
        """The agent's first words, until it has been silent for ``silence`` seconds.

        ``first_sound_ms`` includes the time to connect. Raises NoAnswerError after ``timeout`` seconds
        without a sound, CallOverError when the call ends without one.
        """
        started = await self._first_sound(0.0, timeout, "the agent said nothing when it was called")
        ended = await self._end_of_sound(started, silence)
        return self._heard(started, ended, (self.connect_seconds + started) * 1000)

    async def hear_answer(
        self, timeout: float = TIMEOUT_SECONDS, silence: float = ANSWER_SILENCE_SECONDS
    ) -> Heard:
        """The agent's answer to the caller's last words, until it has been silent for ``silence`` seconds.

        The wait counts from the end of the speech, not of the sound that held it; it is 0 when the agent was
        speaking by then. After ``barge_in`` the rest of the interrupted answer does not count. Raises
        NoAnswerError after ``timeout`` seconds, CallOverError when the call ends without a sound.
        """
        started = await self._first_sound(self._listen_from, timeout, "the agent did not answer")
        ended = await self._end_of_sound(started, silence)
        return self._heard(started, ended)

    async def hear_more(
        self, timeout: float = TIMEOUT_SECONDS, silence: float = ANSWER_SILENCE_SECONDS
    ) -> Heard:
        """What the agent says of itself after what was heard last, until it is silent for ``silence``
        seconds.

        The wait counts from the end of what was heard last. Raises NoAnswerError after ``timeout`` seconds,
        CallOverError when the call ends without a sound.
        """
        since = self._heard_until
        started = await self._first_sound(since, timeout, "the agent said nothing more")
        ended = await self._end_of_sound(started, silence)
        return self._heard(started, ended, (started - since) * 1000)

    async def barge_in(
        self,
        sound: Sound,
        after: float = 1.0,
        timeout: float = TIMEOUT_SECONDS,
        silence_timeout: float = 3.0,
    ) -> BargeIn:
        """Interrupt the agent's next answer with ``sound``, ``after`` seconds after its first sound.

        Waits up to ``silence_timeout`` seconds for the agent to fall silent. Raises NoAnswerError when there
        is no answer to interrupt within ``timeout``, CallOverError when the call ends first.
        """
        started = await self._first_sound(self._listen_from, timeout, "the agent did not answer")
        await self.until(lambda: self.timeline.seconds >= started + after)
        speaking = self.timeline.silence() < _SILENT_SECONDS
        cut = self._heard(started, self.timeline.last_sound(started) or started)
        utterance = self.speak(sound)
        onset = utterance.speech_start
        await self.until(lambda: self._silenced_at(utterance) is not None, onset + silence_timeout)
        silenced = self._silenced_at(utterance)
        await self.until(lambda: self.timeline.seconds >= utterance.end)
        if not speaking:
            return BargeIn(cut, utterance, False, None, None)
        ended = silenced if silenced is not None else self.timeline.last_sound(started) or started
        self._listen_from = max(utterance.speech_end, ended)
        cleared = next((at for at in self.clears if at >= utterance.start), None)
        answer = self._heard(started, ended, cut.first_sound_ms)
        return BargeIn(answer, utterance, True, _ms(silenced, onset), _ms(cleared, onset))

    def _heard(self, started: float, ended: float, wait: float | None = None) -> Heard:
        if wait is None:
            wait = max(0.0, started - self._asked) * 1000
        self._heard_until = ended
        return Heard(self.timeline.heard_between(started, ended), started, ended, wait)

    async def _first_sound(self, since: float, timeout: float, complaint: str) -> float:
        timeline = self.timeline
        await self.until(lambda: timeline.first_sound(since) is not None, since + timeout)
        moment = timeline.first_sound(since)
        if moment is not None:
            return moment
        if self.ended_by is not None:
            raise CallOverError(f"{complaint}, and the call ended: {self.reason}", self.ended_by)
        hint = "see the server's log, or give it more time with --timeout"
        raise NoAnswerError(f"{complaint} within {timeout:g} s", hint)

    async def _end_of_sound(self, started: float, silence: float) -> float:
        timeline = self.timeline
        await self.until(lambda: timeline.silence() >= silence, started + _LONGEST_ANSWER_SECONDS)
        return timeline.last_sound(started) or started

    def _silenced_at(self, said: SpokenUtterance) -> float | None:
        short = self.timeline.silent_from(said.speech_start, _SHORT_SILENCE_SECONDS)
        if any(at >= said.start for at in self.clears):
            return short
        quiet = self.timeline.silent_from(said.speech_end, _SHORT_SILENCE_SECONDS)
        if short is not None and quiet is not None and quiet <= said.speech_end:
            return short
        return self.timeline.silent_from(said.speech_start, _SILENT_SECONDS)


def _speech(sound: Sound) -> Speech:
    if isinstance(sound, Speech):
        return sound
    return sounds.from_file(sound) if isinstance(sound, Path) else sounds.from_samples(sound)


def _ms(at: float | None, since: float) -> float | None:
    return None if at is None else max(0.0, at - since) * 1000
