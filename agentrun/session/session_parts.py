"""Assembles the parts of a session: the pipeline, its trackers, and what speaks and acts for the agent."""

from __future__ import annotations

import asyncio
from typing import Protocol

from agentrun.pipeline.build import build
from agentrun.pipeline.flows import flow
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, EndedBy
from agentrun.session import pipeline_worker
from agentrun.session.call_control import SessionCallControl
from agentrun.session.client_messages import ClientMessages
from agentrun.session.handoff import Handoff
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.provider_faults import Faults
from agentrun.session.responses.realtime.second_opinion import second_opinion
from agentrun.session.responses.remedies import Remedies
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.absence import Absence
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.apology import Apology
from agentrun.session.speech.who_is_speaking import WhoIsSpeaking
from agentrun.session.tracking.background_transcription import BackgroundTranscription
from agentrun.session.tracking.latency import Latency
from agentrun.session.tracking.pipeline_events import PipelineEvents
from agentrun.session.tracking.transcript import Transcript
from agentrun.session.turns.caller_turns import CallerTurns
from agentrun.session.turns.key_turns import KeyTurns
from agentrun.session.variables.call_variables import CallVariables
from agentrun.transports.connection import Connection


class Ending(Protocol):
    """How parts end their call, and learn that it is ending; ``Session`` implements and documents it."""

    caller_gone: asyncio.Event

    def is_over(self) -> bool: ...

    async def end(self, by: EndedBy, reason: str) -> None: ...

    async def apologise(self, reason: str) -> None: ...

    def farewell(self, words: str, reason: str) -> None: ...


class SessionParts:
    """The parts of one call, connected to each other; none does anything before the call runs.

    ``apology`` is the apology as prepared audio, or None. ``worker`` runs ``pipeline``. ``line`` is what
    tools can do on the call; the call of ``connection`` has it.
    """

    def __init__(
        self,
        plan: Plan,
        connection: Connection,
        resources: Resources,
        record: CallRecord,
        ending: Ending,
        apology: bytes | None,
    ) -> None:
        self._plan, self._resources, self._record, self._ending = plan, resources, record, ending
        self.line = SessionCallControl(connection, resources.web, plan.spec)
        self.connection = self.line.of(connection)
        self.call = self.connection.call
        self.speaking = WhoIsSpeaking()
        self.variables = CallVariables(plan, self.call, record, resources, connection.look_up)
        self._build_trackers()
        self._build_pipeline()
        self._build_speech(apology)
        self._build_silence()
        self._build_turns()

    def _build_trackers(self) -> None:
        """Build what tracks the call for its record, and what the pipeline reports to."""
        plan, record = self._plan, self._record
        self.transcript = Transcript(record, record.elapsed)
        self.latency = Latency(record, record.elapsed)
        self.background_transcription = BackgroundTranscription(
            plan.llm or plan.fixed, self._resources, self.transcript.caller, record
        )
        self.response_deadline = ResponseDeadline(
            first=plan.spec.limits.answer,
            between=plan.spec.limits.stall,
            on_outcome=lambda state, reason: self.remedies.went_wrong(state, reason),
            on_done=lambda: self.faults.recovered(),
        )
        self._events = PipelineEvents(
            call_id=record.id,
            line=self.line,
            transcript=self.transcript,
            background_transcription=self.background_transcription,
            response_deadline=self.response_deadline,
            latency=self.latency,
            is_over=self._ending.is_over,
            variables=self.variables,
        )

    def _build_pipeline(self) -> None:
        """Build the pipeline, its worker, and what watches its services."""
        plan, connection, resources, events = self._plan, self.connection, self._resources, self._events
        system = self.variables.prompts().system
        self.pipeline = build(plan, system, connection, resources, events)
        self.flow = flow.of(plan, self.call, events, self.pipeline, resources, self.variables.names)
        self.variables.open(self.pipeline, self.flow, self.transcript)
        self.faults = Faults(self.pipeline)
        self.opinion = second_opinion(plan, self.pipeline, connection, resources, self.response_deadline)
        self.worker = pipeline_worker.make(plan.spec, self.pipeline, connection, traced=resources.traced)

    def _build_speech(self, apology: bytes | None) -> None:
        """Build what speaks for the agent: announcements, the apology, and remedies for faults."""
        spec, ending = self._plan.spec, self._ending
        spoke_since = self.response_deadline.turn.spoke_since
        self.voice = Announcements(self.worker, self.pipeline, self.connection, spoke_since)
        self.apology = Apology(
            worker=self.worker,
            parts=self.pipeline,
            connection=self.connection,
            voice=self.voice,
            faults=self.faults,
            transcript=self.transcript,
            record=self._record,
            plan=self._plan,
            prepared=apology,
            transfers=self.line.transfers,
            gone=ending.caller_gone,
        )
        self.remedies = Remedies(
            record=self._record,
            parts=self.pipeline,
            worker=self.worker,
            faults=self.faults,
            response_deadline=self.response_deadline,
            voice=self.voice,
            repeat=spec.prompts.repeat,
            apologise=ending.apologise,
            is_over=ending.is_over,
        )

    def _build_silence(self) -> None:
        """Build what acts while the caller says nothing, or is away for a moment."""
        self.idle = IdlePrompts(
            idle=self._plan.spec.turns.idle,
            voice=self.voice,
            response_deadline=self.response_deadline,
            farewell=self._ending.farewell,
            worker=self.worker,
            flow=self.flow,
        )
        self.absence = Absence(
            voice=self.voice,
            response_deadline=self.response_deadline,
            idle=self.idle,
            speaking=self.speaking,
            transcript=self.transcript,
            words=lambda: self.variables.prompts().resume,
            parts=self.pipeline,
            worker=self.worker,
        )

    def _build_turns(self) -> None:
        """Build the caller's turns, spoken or keyed, and open the line for tools."""
        self.handoff = Handoff(
            plan=self._plan,
            call=self.call,
            parts=self.pipeline,
            resources=self._resources,
            listener=self._events,
            variables=self.variables,
            flow=self.flow,
            line=self.line,
            idle=self.idle,
            remedies=self.remedies,
        )
        self.line.open(
            voice=self.voice,
            worker=self.worker,
            response_deadline=self.response_deadline,
            idle=self.idle,
            nobody_speaks=self.speaking.is_free,
            end=self._ending.end,
            go_on_as=self.handoff.to,
            record=self._record,
        )
        self.turns = CallerTurns(
            spec=self._plan.spec,
            parts=self.pipeline,
            speaking=self.speaking,
            response_deadline=self.response_deadline,
            idle=self.idle,
            variables=self.variables,
            tools=self.line.tools,
            is_over=self._ending.is_over,
        )
        self.client_messages = ClientMessages(self._plan.hooks, self.call)
        self.keys = KeyTurns(self.turns, self.flow, self.voice, self.worker, self.transcript)
