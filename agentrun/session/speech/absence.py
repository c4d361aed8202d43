"""A caller who is away for some seconds, as one whose network drops is: nothing is said to nobody."""

from __future__ import annotations

from collections.abc import Callable

from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.who_is_speaking import WhoIsSpeaking
from agentrun.session.tracking.transcript import Transcript


class Absence:
    """Has the agent fall silent until its caller is back; ``words`` gives what they hear then."""

    def __init__(
        self,
        voice: Announcements,
        response_deadline: ResponseDeadline,
        idle: IdlePrompts,
        speaking: WhoIsSpeaking,
        transcript: Transcript,
        words: Callable[[], str],
    ) -> None:
        self._voice, self._idle, self._speaking, self._words = voice, idle, speaking, words
        self._response_deadline, self._transcript = response_deadline, transcript
        self._has_missed = False

    async def begin(self, at_most: float) -> None:
        """Nobody is on the line, for ``at_most`` so many seconds."""
        self._has_missed = self._speaking.agent or self._response_deadline.answer.waits
        self._response_deadline.settled()
        await self._idle.pause(at_most)
        await self._voice.silence()

    async def end(self, seconds: float) -> None:
        """The caller is back after ``seconds``; who has missed nothing is not told of it."""
        self._transcript.error(f"line_interrupted: the caller was away for {seconds:.1f} s, and is back")
        if self._has_missed and (words := self._words()):
            await self._voice.say(words)
