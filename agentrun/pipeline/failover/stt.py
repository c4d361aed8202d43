"""Failover between speech-to-text services: the next one gets the same utterance."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor
from pipecat.services.stt_service import SegmentedSTTService

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.failover.failover import Directed, Failover, Member
from agentrun.pipeline.failover.transcription_limit import bound
from agentrun.pipeline.failover.unbroken_speech import Ear, SoFar, UnbrokenSpeech
from agentrun.pipeline.failover.utterance import (
    REPEATED,
    LastWords,
    NoiseFrame,
    NothingHeardFrame,
    NoWordsFrame,
    PreRoll,
    Utterance,
)
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.turns import noise_transcripts

CLEAR_SECONDS = 1.0
"""Speech of this length, according to the voice detector, contains words."""
SPEECH_SECONDS = 0.4
"""A shorter sound without a transcript may be a click; a service that streams doesn't say so."""
LATEST_SECONDS = 2.0
"""Words that a service streams so long behind an utterance are those of a later one, where there is one."""


class SpeechToTextFailover(Failover):
    """Keeps every utterance until it is transcribed.

    A service for whole utterances is bounded by its ``attempt_timeout``. One that streams is waited for
    after the utterance, since Pipecat says nothing of an empty transcript. What a service writes over noise
    goes no further, be it the ``prompt`` that guides it: the turn is then one in which nothing was said.
    """

    part = "stt"

    def __init__(
        self,
        members: Sequence[Member],
        listener: SessionListener,
        answer: float,
        prompt: str = "",
        so_far: Mapping[FrameProcessor, SoFar] | None = None,
    ) -> None:
        super().__init__(members, listener)
        self._prompt = prompt
        told = (self._why_no_words, self._noise, self.fail, self._move, len(members) == 1, listener.noted)
        ear = Ear(lambda: self._serving, *told)
        self._unbroken = UnbrokenSpeech(ear, so_far or {}, answer)
        self._words_since_agent = False
        self._last = LastWords()
        self._before = PreRoll()
        self._utterances: list[Utterance] = []
        self._hands_on = pipecat_private.keep_sound([member.service for member in members])
        for member in members:
            pipecat_private.check_transcripts(member.service)
            if isinstance(member.service, SegmentedSTTService):
                bound(member.service, member.attempt_timeout, self._transcribed)

    @property
    def tells_segments(self) -> bool:
        """Whether each stretch of speech is told to be written down, whoever serves."""
        return all(pipecat_private.tells_segments(member.service) for member in self.members)

    @property
    def collects(self) -> bool:
        """Whether the active service only collects the caller's audio until they pause."""
        return all(isinstance(member.service, SegmentedSTTService) for member in self.members)

    @property
    def busy(self) -> bool:
        return any(utterance.ended for utterance in self._utterances)

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Pass the caller's audio to the active service and to the next processor, without a task."""
        if self._hands_on and isinstance(frame, InputAudioRawFrame) and not callback:
            await self.take(frame, direction)
            await FrameProcessor.push_frame(self, frame, direction)
        else:
            await super().queue_frame(frame, direction, callback)

    def is_work(self, frame: Frame, _direction: FrameDirection) -> bool:
        kinds = InputAudioRawFrame | VADUserStartedSpeakingFrame | VADUserStoppedSpeakingFrame
        return isinstance(frame, kinds)

    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, VADUserStartedSpeakingFrame):
            await self.prefer()
            self._begin()
            self._unbroken.begins()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._unbroken.ends()
        self._note(frame, direction)
        await self.give(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame) and self.busy and not self.deadline:
            self.wait()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, BotStartedSpeakingFrame):
            self._words_since_agent = False
        await super().process_frame(frame, direction)

    def wait(self) -> None:
        self.deadline.lift()
        if self._serving and not isinstance(self._serving.service, SegmentedSTTService):
            super().wait()

    def overdue(self) -> None:
        self.deadline.lift()
        utterance = next((u for u in self._utterances if u.ended), None)
        if utterance and self._serving and self._was_speech(utterance, self._serving):
            member = self._serving
            self.fail(NothingHeardFrame(f"{member.name}: no words within {member.attempt_timeout:g} s"))
            if len(self.members) == 1:
                # the other end may have gone deaf: what the caller says next goes over another connection
                self._move(pipecat_private.reconnect_in_silence(member.service))
        elif utterance:
            self._utterances.remove(utterance)
            if self.busy:
                self.wait()

    def _noise(self, message: str) -> None:
        self._move(self.push_error_frame(NoiseFrame(message, processor=self)))

    def _was_speech(self, utterance: Utterance, member: Member) -> bool:
        """Whether words were to be expected; without a connection nobody can tell, and they are."""
        return utterance.seconds >= SPEECH_SECONDS or not pipecat_private.is_connected(member.service)

    def passes(self, frame: Frame) -> Sequence[Frame]:
        segmented = self._serving and isinstance(self._serving.service, SegmentedSTTService)
        if isinstance(frame, InterimTranscriptionFrame | TranscriptionFrame):
            self._unbroken.words()
        if isinstance(frame, InterimTranscriptionFrame):
            if self.deadline:
                self.wait()
            return () if noise_transcripts.is_note(frame.text) else (frame,)
        if not isinstance(frame, TranscriptionFrame):
            return (frame,)
        if not segmented:
            self._leave_wordless()
        repeated = not segmented and self._last.are(frame, is_silent=not self._utterances)
        why = REPEATED if repeated else self._why_no_words(frame)
        if not segmented:
            self._answered(words=not why)
        if why:
            self._listener.not_heard(frame.text, why)
        return () if why else (frame,)

    def _leave_wordless(self) -> None:
        """A cough that ended long before these words had none; who streams says nothing of it."""
        now = asyncio.get_running_loop().time()
        while len(self._utterances) > 1 and now - (self._utterances[0].ended_at or now) > LATEST_SECONDS:
            del self._utterances[0]

    def _why_no_words(self, frame: TranscriptionFrame) -> str:
        return noise_transcripts.reason(frame.text, self._prompt, self._evidence(frame))

    def _evidence(self, frame: TranscriptionFrame) -> noise_transcripts.Evidence:
        """What speaks for a transcript: it is of the oldest utterance that was not written down yet."""
        utterance = self._utterances[0] if self._utterances else Utterance()
        loudness = noise_transcripts.loudness(frame for frame, _ in utterance.frames)
        return noise_transcripts.Evidence(utterance.seconds, loudness, noise_transcripts.probability(frame))

    def left(self) -> Sequence[Directed]:
        return [directed for utterance in self._utterances for directed in utterance.frames] + [
            *self._before.frames
        ]

    def forget(self) -> None:
        self._utterances = [utterance for utterance in self._utterances if not utterance.ended]

    def interrupted(self) -> None:
        """The caller's own words interrupt, and they are still to be heard."""

    async def cleanup(self) -> None:
        self._unbroken.ends()
        await super().cleanup()

    async def _finish(self) -> None:
        """At the end of a call, don't wait for the caller's last words."""

    def _begin(self) -> None:
        self._utterances.append(Utterance(self._before.take()))
        ids = [frame.id for utterance in self._utterances for frame, _ in utterance.frames]
        if ids:
            pipecat_private.forget_frames(self, before=min(ids))

    def _note(self, frame: Frame, direction: FrameDirection) -> None:
        current = self._utterances[-1] if self._utterances and not self._utterances[-1].ended else None
        if current is None:
            self._before.keep(frame, direction)
            return
        current.frames.append((frame, direction))
        if isinstance(frame, InputAudioRawFrame):
            current.seconds += frame.num_frames / frame.sample_rate
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            current.ended_at = asyncio.get_running_loop().time()

    def _transcribed(self, service: SegmentedSTTService, transcripts: Sequence[TranscriptionFrame]) -> None:
        """A request for a whole utterance was answered, be it with nothing or with what is no words."""
        if self._serving and self._serving.service is service:
            self._answered(words=not all(self._why_no_words(frame) for frame in transcripts))

    def _answered(self, *, words: bool) -> None:
        """The service is at the end of an utterance: one that was clear and without words is told."""
        utterance = self._utterances[0] if self._utterances else None
        self._words_since_agent = self._words_since_agent or words
        clear = utterance and utterance.ended and utterance.seconds >= CLEAR_SECONDS
        if utterance and clear and self._serving and not self._words_since_agent:
            message = f"{self._serving.name}: no words in {utterance.seconds:.1f} s of speech"
            self._move(self.push_error_frame(NoWordsFrame(message, processor=self)))
        self._written()

    def _written(self) -> None:
        """Words are there: of the oldest utterance that has ended, or of one that goes on, be it a breath."""
        self.deadline.lift()
        self.succeeded()
        if self.busy:
            del self._utterances[0]
            if self.busy:
                self.wait()
        elif self._utterances:
            self._utterances[0].seconds = 0.0
            frames = self._utterances[0].frames
            started = [each for each in frames if isinstance(each[0], VADUserStartedSpeakingFrame)]
            frames.clear()
            frames.extend(started)
