"""One call from connect to hang-up."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame, Frame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.build import build
from agentrun.pipeline.flows import flow
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, EndedBy, cost
from agentrun.session import call_snapshot, closing, ending, pipeline_worker
from agentrun.session.call_control import SessionCallControl
from agentrun.session.call_tasks import CallTasks
from agentrun.session.caller_turns import CallerTurns
from agentrun.session.callers import Callers
from agentrun.session.handoff import Handoff
from agentrun.session.responses import idle_prompts, realtime_reconnection
from agentrun.session.responses.answer_events import AnswerEvents
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.provider_faults import Faults
from agentrun.session.responses.remedies import Remedies
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.responses.unheard_caller import second_opinion
from agentrun.session.speech import greeting
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.apology import MOST_SECONDS, STUCK_SECONDS, Apology
from agentrun.session.speech.key_turns import KeyTurns
from agentrun.session.speech.transfers import TRANSFERRED
from agentrun.session.speech.who_is_speaking import WhoIsSpeaking
from agentrun.session.tracking import audio_recorder
from agentrun.session.tracking.background_transcription import BackgroundTranscription
from agentrun.session.tracking.latency import Latency
from agentrun.session.tracking.pipeline_events import PipelineEvents
from agentrun.session.tracking.transcript import Transcript
from agentrun.session.tracking.usage import Usage
from agentrun.session.tracking.versions import versions
from agentrun.session.variables.call_variables import CallVariables
from agentrun.transports.connection import Connection


class Session:
    """Runs one call and keeps its record.

    ``apology`` is the apology as prepared audio (24 kHz, 16-bit mono), or None when it could not be prepared.
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
        self._plan = plan
        self.line = SessionCallControl(connection, resources.web, plan.spec)
        self._connection = self.line.of(connection)
        self.call, self._http_client = self._connection.call, resources.http_client
        record.answer()
        self._ending, self._caller_gone = asyncio.Event(), asyncio.Event()
        self._grace, self.left_open, self._tasks = 0.0, False, CallTasks(record, self.apologise)
        self._recordings, self._speaking = recordings, WhoIsSpeaking()
        self._variables = CallVariables(plan, self.call, record, resources, self._connection.look_up)
        reports = self._track(resources)
        self._build(resources, reports)
        self._build_speech(apology)
        went_on = (reports, self._variables, self._flow, self.line, self._idle, self._remedies)
        self._handoff = Handoff(plan, self.call, self._parts, resources, *went_on)
        self._open_line()
        call_snapshot.follow(plan, record, self.call, self.line.ledger, self._flow, connection.earlier)
        self._listen()

    def _track(self, resources: Resources) -> PipelineEvents:
        """Whatever follows the call for its record, and what the pipeline reports to."""
        record, limits = self.record, self._plan.spec.limits
        self._transcript = Transcript(record, record.elapsed)
        self._latency = Latency(record, record.elapsed)
        asked = self._plan.llm or self._plan.fixed
        self._side = BackgroundTranscription(asked, resources, self._transcript.caller, record)
        self._response_deadline = ResponseDeadline(
            limits.answer,
            lambda state, reason: self._remedies.went_wrong(state, reason),
            limits.stall,
            lambda: self._faults.recovered(),
        )
        trackers = (self._transcript, self._side, self._response_deadline, self._latency)
        return PipelineEvents(record.id, self.line, *trackers, self._ending.is_set, self._variables)

    def _build(self, resources: Resources, reports: PipelineEvents) -> None:
        """The pipeline, what is known of its services, and the worker that runs it."""
        plan, connection, deadline = self._plan, self._connection, self._response_deadline
        self._parts = build(plan, self._variables.prompts().system, connection, resources, reports)
        self._flow = flow.of(plan, self.call, reports, self._parts, resources, self._variables.names)
        self._variables.open(self._parts, self._flow, self._transcript)
        self._faults = Faults(self._parts)
        self._unheard = second_opinion(plan, self._parts, connection, resources, deadline)
        self._worker = pipeline_worker.make(plan.spec, self._parts, connection, traced=resources.traced)

    def _build_speech(self, apology: bytes | None) -> None:
        """What the agent says by itself: in silence, when something failed, and at the end."""
        spec = self._plan.spec
        self._voice = Announcements(self._worker, self._parts, self._connection)
        self._apology = Apology(
            *(self._worker, self._parts, self._connection, self._voice, self._faults, self._transcript),
            *(self.record, self._plan, apology, self.line.transfers, self._caller_gone),
        )
        self._remedies = Remedies(
            *(self.record, self._parts, self._worker, self._faults, self._response_deadline, self._voice),
            *(spec.prompts.repeat, self.apologise, self._ending.is_set),
        )
        silence = (spec.turns.idle, self._voice, self._response_deadline)
        self._idle = IdlePrompts(*silence, self._farewell, self._worker, self._flow)

    def _open_line(self) -> None:
        """The call for its tools, and the caller's turns, spoken or keyed."""
        live = (self._voice, self._worker, self._response_deadline, self._idle)
        self.line.open(*live, self._speaking.is_free, self.end, self._handoff.to, self.record)
        self._turns = CallerTurns(
            *(self._plan.spec, self._parts, self._speaking, self._response_deadline, self._idle),
            *(self._variables, self.line.ledger, self._ending.is_set),
        )
        self._keys = KeyTurns(self._turns, self._flow, self._voice, self._worker, self._transcript)

    async def run(self) -> CallRecord:
        """Run until the call is over; the pipeline is gone when this returns."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        running = asyncio.create_task(runner.run())
        moments = {"the end": self._ending, "the hang-up": self._caller_gone}
        told_to_end, hangup = (self._tasks.begin(part, moment.wait()) for part, moment in moments.items())
        most, past = self._plan.spec.limits, self.record.elapsed()
        try:
            self._variables.begin()
            limit = idle_prompts.limit(most, past, self._voice, self._response_deadline, self._farewell)
            self._tasks.begin("the limit", limit)
            self._tasks.begin("the keypad", self._keys.run())
            sound = (self._plan, self._connection, self.record)
            self.line.recording = audio_recorder.begin(self._recordings, *sound)
            await asyncio.wait({running, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
            await ending.last_words({running, hangup}, self._grace, lambda: self._speaking.agent)
            await ending.now(running, self._worker, self.record)
        except asyncio.CancelledError:
            self._over("server", "the server stopped")
            await ending.now(running, self._worker, self.record)
            raise
        finally:
            self._over("error", "the pipeline stopped")
            await closing.close(
                *(self.record, self._tasks.end, self._response_deadline.close),
                *(self.line.close, self._transcript.close, self._side.finish, self._variables.close),
                lambda: pipecat_private.close_own_clients(self._parts.services, self._http_client),
                self.line.recording.finish if self.line.recording else None,
            )
            if not self.left_open:
                cost.close(self.record)
        return self.record

    def leave_open(self, reason: str) -> bool:
        """Close the line without a word, and leave the call for another machine; false where none may."""
        return self._over("server", reason, leave=True) and self.left_open

    async def end(self, by: EndedBy, reason: str) -> None:
        """Let the caller hear what is being said, then end the call; returns at once."""
        if self._over(by, reason, ending.GOODBYE_SECONDS):
            self._tasks.begin("the end", ending.when_heard(self._voice, self._worker))

    async def leave_message(self, words: str, reason: str, by: EndedBy = "agent") -> None:
        """Drop what is being said, say ``words``, and end the call."""
        await self._voice.silence()
        self._farewell(words, reason, by)

    async def apologise(self, reason: str) -> None:
        """Tell the caller that the agent can't go on, and end the call."""
        if not self._over("error", reason, MOST_SECONDS):
            return
        await self._apology.say(self._response_deadline.seconds_left)
        if not self._caller_gone.is_set():
            await self._worker.stop_when_done()
        if not self._connection.written:
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self._caller_gone.set)

    async def _started(self, _worker: PipelineWorker, _frame: Frame) -> None:
        if watch := realtime_reconnection.watching(self._remedies, self._speaking.is_free, self._unheard):
            self._tasks.begin("the realtime connection", watch.watch())

    def _listen(self) -> None:
        running, transport = self._worker, self._connection.transport
        AnswerEvents(self._response_deadline, self._faults, self._remedies.noted).listen(self._parts)
        self._transcript.listen(self._parts)
        self._latency.listen(self._parts, self._connection)
        Usage(self.record).listen(self._parts, self._plan)
        guarded = self._tasks.guarded
        came, left = guarded("the greeting", self._connected), guarded("the hang-up", self._disconnected)
        Callers(transport, came, left, self._line_lost).listen(self._connection.lost)
        running.add_event_handler("on_pipeline_started", guarded("the start", self._started))
        running.add_event_handler("on_pipeline_error", guarded("a remedy", self._remedies.failed))
        running.add_event_handler("on_idle_timeout", self._idle.nobody_speaks)
        running.add_reached_upstream_filter((BotStartedSpeakingFrame, BotStoppedSpeakingFrame))
        running.add_event_handler("on_frame_reached_upstream", self._reached_upstream)
        self._turns.listen(running, self._transcript, self._latency, self._tasks)

    async def _connected(self) -> None:
        if refusal := await self._variables.look_up(self._handoff.with_plan):
            self._farewell(refusal, "the caller was refused before the call")
            return
        speech = (self._variables.prompts(), self._flow, self._voice, self._response_deadline)
        self.line.on_key(self._keys.take)
        await greeting.begin(*speech, self._worker, self._parts, self._connection.earlier)

    async def _disconnected(self) -> None:
        self._transcript.hang_up()
        if await self.line.transfers.settled():
            self._over("agent", TRANSFERRED)  # also where the tool that asked was given up meanwhile
        lost = self._connection.why_lost()
        self._over("error" if lost else "caller", lost or "the caller hung up", leave=bool(lost))
        self._caller_gone.set()

    async def _line_lost(self, reason: str) -> None:
        self._transcript.hang_up()
        self._over("error", reason)
        self._caller_gone.set()

    async def _reached_upstream(self, _worker: PipelineWorker, frame: Frame) -> None:
        self._speaking.agent = isinstance(frame, BotStartedSpeakingFrame)
        self._voice.note(speaking=self._speaking.agent)
        self._response_deadline.note(speaking=self._speaking.agent, ago=self._parts.silent_for)
        if self._speaking.agent:
            self._transcript.agent_speaks()

    def _farewell(self, words: str, reason: str, by: EndedBy = "agent") -> None:
        self._tasks.begin("the goodbye", ending.farewell(self._voice, words, lambda: self.end(by, reason)))

    def _over(self, by: EndedBy, reason: str, grace: float = 0.0, *, leave: bool = False) -> bool:
        """Note who ended the call, once; the first one counts. Where it may, a call goes on elsewhere."""
        if self._ending.is_set():
            return False
        self.left_open = call_snapshot.close(self.record, self._connection.control, leave=leave)
        self.record.ended_by, self.record.reason, self._grace = by, reason, grace
        self._response_deadline.settled()
        self._ending.set()
        return True
