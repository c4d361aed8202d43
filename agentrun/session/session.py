"""One call, from connect to hang-up."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame, Frame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, EndedBy, cost
from agentrun.session import call_snapshot, closing, ending
from agentrun.session.call_tasks import CallTasks
from agentrun.session.callers import Callers, LineEvents
from agentrun.session.responses import idle_prompts
from agentrun.session.responses.answer_events import AnswerEvents
from agentrun.session.responses.realtime import reconnection
from agentrun.session.responses.response_deadline import APOLOGY_SECONDS
from agentrun.session.session_parts import SessionParts
from agentrun.session.speech import greeting
from agentrun.session.speech.apology import MOST_SECONDS, STUCK_SECONDS
from agentrun.session.speech.transfers import TRANSFERRED
from agentrun.session.tracking import audio_recorder
from agentrun.session.tracking.usage import Usage
from agentrun.session.tracking.versions import versions
from agentrun.transports.connection import Connection


class Session:
    """Runs one call and keeps its record.

    ``apology`` is the apology as prepared audio (24 kHz, 16-bit mono), or None if it could not be prepared.
    """

    def __init__(
        self,
        plan: Plan,
        connection: Connection,
        resources: Resources,
        record: CallRecord,
        apology: bytes | None = None,
        recordings: audio_recorder.Recordings | None = None,
    ) -> None:
        self.record = record
        record.spec_hash, record.versions, record.offline = plan.file.digest, versions(), plan.offline
        record.answer()
        self.caller_gone = asyncio.Event()
        """Set when nobody is on the line any more."""
        self.left_open = False
        """Whether the call has ended only on this machine, and another one may resume it."""
        self.rings_for = 0.0
        """How long a transfer may ring, in seconds, before the caller comes back; 0 if they don't."""
        self._plan, self._http_client, self._recordings = plan, resources.http_client, recordings
        self._ending, self._grace = asyncio.Event(), 0.0
        self._tasks = CallTasks(record, self.apologise)
        self.parts = SessionParts(plan, connection, resources, record, self, apology)
        self.line, self.call = self.parts.line, self.parts.call
        call_snapshot.follow(plan, record, self.call, self.line.tools, self.parts.flow, connection.earlier)
        self._listen(resources)

    async def run(self) -> CallRecord:
        """Run the call until it is over and its pipeline has stopped; returns the record."""
        worker = self.parts.worker
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        over = self._tasks.begin("the end", self._ending.wait())
        hangup = self._tasks.begin("the hang-up", self.caller_gone.wait())
        try:
            self._begin()
            await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
            await ending.last_words({running, hangup}, self._grace, lambda: self.parts.speaking.agent)
            await ending.stop_pipeline(running, worker, self.record)
        except asyncio.CancelledError:
            self._note_end("server", "the server stopped")
            await ending.stop_pipeline(running, worker, self.record)
            raise
        finally:
            self._note_end("error", "the pipeline stopped")
            await self._close()
        return self.record

    def is_over(self) -> bool:
        """Whether the call is ending, or has ended."""
        return self._ending.is_set()

    def leave_open(self, reason: str) -> bool:
        """Close the line silently and leave the call for another machine; False if none may resume it."""
        return self._note_end("server", reason, leave=True) and self.left_open

    async def end(self, by: EndedBy, reason: str) -> None:
        """Let the caller hear what is being said, then end the call; returns at once."""
        parts, deadline = self.parts, self.parts.response_deadline
        left = deadline.seconds_left - APOLOGY_SECONDS if deadline.answer.waits else ending.HEARD_SECONDS
        if self._note_end(by, reason, ending.GOODBYE_SECONDS):
            heard = ending.when_heard(parts.voice, parts.worker, left, self._said_goodbye)
            self._tasks.begin("the end", heard)

    async def _said_goodbye(self, gone_out: bool) -> None:
        """Say the apology if the last words were not heard, unless the caller has been transferred."""
        unheard = not gone_out or self.parts.faults.voice_fails or self.parts.voice.unheard
        if unheard and self.record.reason != TRANSFERRED and not self.caller_gone.is_set():
            await self.parts.apology.say_for_goodbye()

    def farewell(self, words: str, reason: str, by: EndedBy = "agent") -> None:
        """Say ``words``, if there are any, then end the call; returns at once."""
        say = ending.farewell(self.parts.voice, words, lambda: self.end(by, reason))
        self._tasks.begin("the goodbye", say)

    async def leave_message(self, words: str, reason: str, by: EndedBy = "agent") -> None:
        """Stop speaking, say ``words`` without interruptions, and end the call."""
        await self.parts.voice.silence()
        self.parts.turns.stop_listening()
        self.farewell(words, reason, by)

    async def apologise(self, reason: str) -> None:
        """Tell the caller that the agent can't go on, and end the call."""
        if not self._note_end("error", reason, MOST_SECONDS):
            return
        self.parts.turns.stop_interrupting()
        await self.parts.apology.say(self.parts.response_deadline.seconds_left)
        if not self.caller_gone.is_set():
            await self.parts.worker.stop_when_done()
        if not self.parts.connection.written:
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self.caller_gone.set)

    def _listen(self, resources: Resources) -> None:
        parts, guarded = self.parts, self._tasks.guarded
        AnswerEvents(parts.response_deadline, parts.faults, parts.remedies.noted).listen(parts.pipeline)
        parts.transcript.listen(parts.pipeline)
        parts.latency.listen(parts.pipeline, parts.connection)
        Usage(self.record, resources.model_watcher).listen(parts.pipeline, self._plan)
        line = LineEvents(
            came=guarded("the greeting", self._connected),
            left=guarded("the hang-up", self._disconnected),
            away=guarded("the wait for the caller", parts.absence.begin),
            back=guarded("the caller's return", parts.absence.end),
            lost=self._line_lost,
        )
        connection = parts.connection
        callers = Callers(connection.transport, line, self._tasks.begin, connection.returns_within)
        callers.listen(connection.lost, connection.hung_up)
        worker = parts.worker
        worker.add_event_handler("on_pipeline_started", guarded("the start", self._started))
        worker.add_event_handler("on_pipeline_error", guarded("a remedy", parts.remedies.failed))
        worker.add_event_handler("on_idle_timeout", parts.idle.nobody_speaks)
        worker.add_reached_upstream_filter((BotStartedSpeakingFrame, BotStoppedSpeakingFrame))
        worker.add_event_handler("on_frame_reached_upstream", self._reached_upstream)
        parts.turns.listen(worker, parts.transcript, parts.latency, self._tasks)
        if parts.connection.rtvi:
            parts.client_messages.listen(worker)

    def _begin(self) -> None:
        """Start what runs beside the pipeline: variables, the time limit, the keypad and the recording."""
        parts, limits = self.parts, self._plan.spec.limits
        parts.variables.begin()
        limit = idle_prompts.limit(
            limits, self.record.elapsed(), parts.voice, parts.response_deadline, self.farewell
        )
        self._tasks.begin("the limit", limit)
        self._tasks.begin("the keypad", parts.keys.run())
        self.line.recording = audio_recorder.begin(
            self._recordings, self._plan, parts.connection, self.record
        )

    async def _close(self) -> None:
        """Close every part, and compute the cost unless another machine may resume the call."""
        parts, recording = self.parts, self.line.recording
        await closing.close(
            self.record,
            self._tasks.end,
            parts.client_messages.close,
            parts.response_deadline.close,
            self.line.close,
            parts.transcript.close,
            parts.background_transcription.finish,
            parts.variables.close,
            lambda: pipecat_private.close_own_clients(parts.pipeline.services, self._http_client),
            recording.finish if recording else None,
        )
        if not self.left_open:
            cost.close(self.record)

    async def _started(self, _worker: PipelineWorker, _frame: Frame) -> None:
        parts = self.parts
        watch = reconnection.watching(parts.remedies, parts.speaking.is_free, parts.opinion)
        if watch:
            self._tasks.begin("the realtime connection", watch.watch())

    async def _connected(self) -> None:
        parts = self.parts
        if refusal := await parts.variables.look_up(parts.handoff.with_plan):
            self.farewell(refusal, "the caller was refused before the call")
            return
        prompts = parts.variables.prompts()
        self.line.on_key(parts.keys.take)
        await greeting.begin(
            prompts,
            parts.flow,
            parts.voice,
            parts.response_deadline,
            parts.worker,
            parts.pipeline,
            parts.connection.earlier,
        )
        if not parts.response_deadline.answer.waits:
            silence = parts.idle.count_from_beginning(lambda: self.record.first_audio_ms is not None)
            self._tasks.begin("the caller's silence", silence)

    async def _disconnected(self, ago: float = 0.0) -> None:
        self.parts.transcript.hang_up(ago)
        if await self.line.transfers.settled():
            self._note_end("agent", TRANSFERRED)  # even if the tool that requested it was cancelled meanwhile
        lost = self.parts.connection.why_lost()
        self._note_end("error" if lost else "caller", lost or "the caller hung up", leave=bool(lost))
        self.caller_gone.set()

    async def _line_lost(self, reason: str) -> None:
        self.parts.transcript.hang_up()
        self._note_end("error", reason)
        self.caller_gone.set()

    async def _reached_upstream(self, _worker: PipelineWorker, frame: Frame) -> None:
        parts, speaking = self.parts, isinstance(frame, BotStartedSpeakingFrame)
        parts.speaking.agent = speaking
        parts.voice.note(speaking=speaking)
        parts.response_deadline.note(speaking=speaking, ago=parts.pipeline.silent_for)
        if speaking:
            parts.transcript.agent_speaks()

    def _note_end(self, by: EndedBy, reason: str, grace: float = 0.0, *, leave: bool = False) -> bool:
        """Note who ended the call and why; only the first time counts. Returns whether it was the first."""
        if self._ending.is_set():
            return False
        returns = reason == TRANSFERRED and self.line.transfers.may_return
        rings_for, control = self._plan.spec.limits.ring if returns else 0.0, self.parts.connection.control
        self.left_open = call_snapshot.close(self.record, control, leave=leave, rings_for=rings_for)
        self.rings_for = rings_for if self.left_open else 0.0
        self.record.ended_by, self.record.reason, self._grace = by, reason, grace
        self.parts.response_deadline.settled()
        self._ending.set()
        return True
