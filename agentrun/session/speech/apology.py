"""The apology, which is heard in full whatever the pipeline is doing."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from dataclasses import dataclass
from importlib import resources

from loguru import logger
from pipecat.frames.frames import DataFrame, Frame, InterruptionFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.audio.output_gate import OutputGate
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.session.responses.provider_faults import Faults
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.prepared_sound import frames, seconds
from agentrun.session.speech.transfers import Transfers
from agentrun.session.tracking.transcript import Transcript
from agentrun.transports.connection import Connection, Control

PACKAGED_WORDS = "I am sorry, something went wrong. Please call again in a few minutes. Goodbye."
"""The words of the bundled audio, used if neither the agent's voice nor Twilio's is available."""
LATE_SECONDS = 8.0
"""How much longer than its audio the apology may take to be played."""
MOST_SECONDS = 45.0
"""How long the end of a call may wait for the apology altogether."""
STUCK_SECONDS = 2.0
"""How long a pipeline may take to end by itself after the apology."""
_BEGIN_SECONDS = 2.5
"""How long the agent's own voice may take to start, including dropping what it was saying."""
_LEAST_BEGIN_SECONDS = 1.0
"""The same if the caller has already waited too long."""
_ECHO_SECONDS = 3.0


@dataclass
class _PlayedFrame(DataFrame):
    """A marker that is queued behind the apology, and passes the output once that has been played."""


class Apology:
    """Says the apology of one call, and records what was heard of it.

    Prepared sound goes to the line itself, which is closed to the pipeline before that: nothing of an earlier
    answer is played, recorded or remembered any more, wherever it waited, and an interruption that a busy
    processor passes on later is dropped. ``prepared`` is the sound of the apology, which may come while the
    call is up. Without it the voice speaks if it has worked until now, then Twilio's in the agent's language,
    and at last a packaged sound. ``gone`` is set when the caller has hung up.
    """

    def __init__(
        self,
        worker: PipelineWorker,
        parts: PipelineParts,
        connection: Connection,
        voice: Announcements,
        faults: Faults,
        transcript: Transcript,
        record: CallRecord,
        plan: Plan,
        prepared: bytes | None,
        transfers: Transfers,
        gone: asyncio.Event,
    ) -> None:
        self._worker, self._parts, self._voice, self._gone = worker, parts, voice, gone
        self._faults, self._transcript, self._record = faults, transcript, record
        self._words, self.prepared, self._language = plan.spec.prompts.apology, prepared, plan.language
        self._on_fault, self._transfers = plan.spec.on_fault, transfers
        self._output, self._control = connection.transport.output(), connection.control
        self._written = connection.written
        self._line_plays, self._played = asyncio.Event(), asyncio.Event()
        worker.add_event_handler("on_pipeline_started", self._started)
        output = connection.transport.output()
        self._gate = OutputGate(output)
        self._speaking: asyncio.Future[bool] | None = None
        pushed_frames.watch_pushed_frames(output, _PlayedFrame, lambda _frame: self._played.set())

    async def say(self, within: float = _BEGIN_SECONDS) -> None:
        """Say the apology; returns when it has been heard, or when nothing more can be tried.

        ``within`` seconds the caller should hear something; the voice that may be at fault has no longer.
        """
        if self._written:
            await self._voice.silence()
            await self._voice.say(self._words)
            return
        at, due = self._transcript.now, _now() + within
        if await self._put_through(at, due):
            return
        speaks = self.prepared is None and self._voice_works
        if speaks and await self._spoken(min(max(due - _now(), _LEAST_BEGIN_SECONDS), _BEGIN_SECONDS)):
            # the pipeline keeps what it has said itself
            return
        await self._say_past_pipeline(at, due)

    async def say_for_goodbye(self) -> None:
        """Say the apology to a caller who has not heard the last words of a call that is ending anyway."""
        if not self._written:
            self._record.errors.append("the last words of the call were not heard")
            await self._say_past_pipeline(self._transcript.now, _now() + _BEGIN_SECONDS)

    async def _say_past_pipeline(self, at: float, due: float) -> None:
        if words := await self._try(due):
            # an answer that was cut for it is written down a moment later, and was heard before it
            times = (entry.at for entry in self._record.transcript if entry.who == "agent")
            self._transcript.say(words, max(at, *times, at))
        else:
            self._record.errors.append("the apology was not heard")

    async def _put_through(self, at: float, due: float) -> bool:
        """Transfer the caller to ``on_fault`` of the spec; returns whether the transfer was accepted.

        Where it does not say so in time for the apology, which is ``due``, they hear that.
        """
        fallback, within = self._on_fault, _before(due)
        if not await self._transfers.put_through(fallback, self._language, self._record, within):
            return False
        if fallback and fallback.say:
            self._transcript.say(fallback.say, at)
        return True

    async def _try(self, due: float) -> str | None:
        """The words that were heard outside the pipeline, which are ``due``; None if there were none."""
        plays = await self._line_is_there()
        if self.prepared is not None and plays:
            return self._words if await self._play(self.prepared) else None
        within = _before(due) if plays else MOST_SECONDS
        if self._control and await self._company_speaks(self._control, within):
            return self._words
        return PACKAGED_WORDS if plays and await self._play(packaged()) else None

    async def _company_speaks(self, control: Control, within: float) -> bool:
        """Whether the telephone company's own voice says them, and its word for that comes in time.

        A later one counts there all the same: it takes the call from whatever is played then.
        """
        speaking = self._speaking = asyncio.ensure_future(control.speak(self._words, self._language))
        await asyncio.wait({speaking}, timeout=within)
        return speaking.done() and speaking.result()

    @property
    def _voice_works(self) -> bool:
        """Whether a speech service has spoken in this call and has not failed since."""
        spoken = self._record.first_audio_ms is not None
        return self._parts.tts is not None and spoken and not self._faults.voice_erred

    async def _started(self, _worker: PipelineWorker, _frame: Frame) -> None:
        self._line_plays.set()

    async def _line_is_there(self) -> bool:
        """Whether the line accepts audio; a call that fails at its very start waits a moment for that."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._line_plays.wait(), _LEAST_BEGIN_SECONDS)
        return self._line_plays.is_set()

    async def _spoken(self, within: float) -> bool:
        """Use the agent's voice, which has spoken before, if it starts ``within`` seconds."""
        try:
            async with asyncio.timeout(within):
                begun = await self._voice.silence() and await self._voice.begin(self._words, within)
        except TimeoutError:
            return False
        return begun and await self._voice.heard()

    async def _play(self, pcm: bytes) -> bool:
        if self._parts.playout:
            self._parts.playout.close_line()
        self._gate.close()
        await self._gate.queue_frame(InterruptionFrame())
        # what the pipeline is at comes to nothing; nobody waits for it to let go
        await self._worker.queue_frame(InterruptionFrame())
        for frame in (*frames(pcm), _PlayedFrame()):
            await self._gate.queue_frame(frame)
        if not await self._comes(self._played, seconds(pcm) + LATE_SECONDS):
            return False
        if self._control is None:
            return True
        mark, echoed = self._control.mark()
        await self._gate.queue_frame(mark)
        return await self._comes(echoed, _ECHO_SECONDS)

    async def _comes(self, event: asyncio.Event, most: float) -> bool:
        """Whether ``event`` is set within ``most`` seconds; stops waiting if the caller hangs up."""
        waits = [asyncio.create_task(each.wait()) for each in (event, self._gone)]
        try:
            await asyncio.wait(waits, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not event.is_set():
            logger.warning("the apology was sent, and not confirmed as heard")
        return event.is_set()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _before(due: float) -> float:
    """How long somebody else may take who may speak in the apology's place, which is ``due``."""
    return max(due - _now() - _LEAST_BEGIN_SECONDS, _LEAST_BEGIN_SECONDS)


def packaged() -> bytes:
    """``PACKAGED_WORDS`` as 24 kHz, 16-bit mono PCM."""
    with (
        resources.files("agentrun.session.speech").joinpath("apology.wav").open("rb") as file,
        wave.open(file) as sound,
    ):
        return bytes(sound.readframes(sound.getnframes()))
