"""One call from connect to hang-up."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from loguru import logger
from pipecat.frames.frames import BotStartedSpeakingFrame, ErrorFrame, Frame, LLMRunFrame
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import cascaded
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.record import CallRecord, EndedBy
from agentrun.session import ending, voice
from agentrun.session.faults import Faults, Verdict, category
from agentrun.session.patience import Patience
from agentrun.session.transcript import Transcript
from agentrun.session.voice import Voice
from agentrun.spec.models import FixedWords
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool
from agentrun.transports.connection import Connection

GOODBYE_SECONDS = 15.0
"""How long words that are on their way may take once the call is to end."""
ANSWER_SECONDS = 6.0
"""How long a caller waits for the first sound of an answer before the agent gives up."""
ASK_AGAIN = "Sorry, I did not catch that. Could you say it again?"


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
    ) -> None:
        self.record = record
        self._plan = plan
        self._connection = connection
        self._apology = apology
        self._began = time.monotonic()
        self._ending = asyncio.Event()
        self._caller_gone = asyncio.Event()
        self._grace = 0.0
        self._transcript = Transcript(record, lambda: round(time.monotonic() - self._began, 3))
        self._patience = Patience(ANSWER_SECONDS, self._answer_overdue)
        self._parts = cascaded.build(plan, connection, resources, self)
        self._faults = Faults(self._parts)
        self._worker = self._make_worker()
        self._voice = Voice(self._worker, connection.transport.output())
        self._listen()

    async def run(self) -> CallRecord:
        """Run until the call is over; the pipeline is gone when this returns."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        running = asyncio.create_task(runner.run())
        told_to_end = asyncio.create_task(self._ending.wait())
        caller_gone = asyncio.create_task(self._caller_gone.wait())
        try:
            await asyncio.wait({running, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(
                {running, caller_gone}, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED
            )
            await ending.now(running, self._worker)
        except asyncio.CancelledError:
            self._over("server", "the server stopped")
            await ending.now(running, self._worker)
            raise
        finally:
            told_to_end.cancel()
            caller_gone.cancel()
            self._patience.settled()
            self._over("error", "the pipeline stopped")
            self.record.ended = datetime.now(UTC)
        return self.record

    async def end(self, by: EndedBy, reason: str) -> None:
        """Let what is being said finish, then end the call."""
        if self._over(by, reason, GOODBYE_SECONDS):
            await self._worker.stop_when_done()

    async def apologise(self, reason: str) -> None:
        """Tell the caller that the agent can't go on, and end the call."""
        apology, words = self._apology, self._plan.spec.prompts.apology
        if not self._over("error", reason, GOODBYE_SECONDS if not apology else voice.seconds(apology) + 3):
            return
        await self._voice.silence()
        if apology:
            await self._voice.play(apology)
        else:
            await self._voice.say(words)
        self._transcript.say(words)
        await self._worker.stop_when_done()

    def tool_started(self, tool: Tool) -> None:
        """A tool is at work: its own timeout counts now."""
        logger.debug("call {}: tool {} started", self.record.id, tool.name)
        self._patience.tool_started()

    def tool_ended(self, tool: Tool, arguments: dict[str, object], outcome: Outcome) -> None:
        """A tool is done."""
        self._transcript.tool(tool, arguments, outcome)
        self._patience.tool_ended()

    def _make_worker(self) -> PipelineWorker:
        line = self._connection
        return PipelineWorker(
            self._parts.pipeline,
            name=line.call.id,
            params=PipelineParams(
                audio_in_sample_rate=line.sample_rate_in, audio_out_sample_rate=line.sample_rate_out
            ),
            enable_rtvi=line.rtvi,
            enable_turn_tracking=False,
            idle_timeout_secs=300,
        )

    def _listen(self) -> None:
        worker, transport = self._worker, self._connection.transport
        self._transcript.listen(self._parts.aggregators)
        transport.add_event_handler("on_client_connected", self._connected)
        transport.add_event_handler("on_client_disconnected", self._disconnected)
        worker.add_event_handler("on_pipeline_error", self._failed)
        worker.add_event_handler("on_idle_timeout", self._idle)
        worker.add_reached_upstream_filter((BotStartedSpeakingFrame,))
        worker.add_event_handler("on_frame_reached_upstream", self._reached_upstream)
        caller = self._parts.aggregators.user()
        caller.add_event_handler("on_user_turn_started", self._caller_started)
        caller.add_event_handler("on_user_turn_stopped", self._caller_stopped)

    async def _connected(self, _transport: Any, _client: Any) -> None:
        greeting = self._plan.spec.prompts.greeting
        if isinstance(greeting, FixedWords):
            await self._voice.say(greeting.say)
        elif greeting:
            self._parts.context.add_message({"role": "developer", "content": greeting})
            await self._worker.queue_frame(LLMRunFrame())
            self._patience.owed()

    async def _disconnected(self, _transport: Any, _client: Any) -> None:
        self._over("caller", "the caller hung up")
        self._caller_gone.set()

    async def _idle(self, _worker: PipelineWorker) -> None:
        self._over("agent", "nobody spoke for five minutes")

    async def _caller_started(self, *_: Any) -> None:
        self._patience.settled()

    async def _caller_stopped(self, _aggregator: Any, _strategy: Any, message: Any) -> None:
        if message.content:
            self._patience.owed()

    async def _reached_upstream(self, _worker: PipelineWorker, frame: Frame) -> None:
        if isinstance(frame, BotStartedSpeakingFrame):
            self._patience.settled()
            self._faults.recovered()

    async def _failed(self, _worker: PipelineWorker, frame: ErrorFrame) -> None:
        self.record.errors.append(f"{category(frame).value}: {frame.error}")
        if self._ending.is_set():
            return
        verdict = self._faults.judge(frame)
        logger.warning("call {}: {}; will {}", self.record.id, frame.error, verdict.value)
        if verdict is Verdict.RETRY:
            await self._worker.queue_frame(LLMRunFrame())
            self._patience.owed()
        elif verdict is Verdict.ASK_AGAIN:
            await self._voice.say(ASK_AGAIN)
        elif verdict is Verdict.GIVE_UP:
            await self.apologise(f"{frame.processor} failed")

    async def _answer_overdue(self) -> None:
        await self.apologise(f"no answer began within {ANSWER_SECONDS:.0f} s")

    def _over(self, by: EndedBy, reason: str, grace: float = 0.0) -> bool:
        """Note who ended the call, once; the first one counts."""
        if self._ending.is_set():
            return False
        self.record.ended_by, self.record.reason = by, reason
        self._grace = grace
        self._patience.settled()
        self._ending.set()
        return True
