"""One call from connect to hang-up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    LLMRunFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import memory
from agentrun.pipeline.build import build
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.record import CallRecord, EndedBy
from agentrun.session import ending, idle, prompts, voice, worker
from agentrun.session.faults import Faults, Verdict, described
from agentrun.session.idle import IdlePrompts
from agentrun.session.lifeline import Lifeline
from agentrun.session.patience import Patience
from agentrun.session.side_transcript import SideTranscript
from agentrun.session.transcript import Transcript
from agentrun.session.voice import Voice
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool
from agentrun.transports.connection import Connection

GOODBYE_SECONDS = 15.0
"""How long words that are on their way may take once the call is to end."""


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
        self._tasks: list[asyncio.Task[None]] = []
        self._speaking = {"agent": False, "caller": False}
        self._prompts = prompts.fill(plan.spec, connection.call)
        self._transcript = Transcript(record, lambda: round(time.monotonic() - self._began, 3))
        self._side = SideTranscript(plan.fixed, resources, self._transcript.caller)
        self._patience = Patience(plan.spec.limits.answer, self._answer_overdue)
        self._parts = build(plan, self._prompts.system, connection, resources, self)
        self._faults = Faults(self._parts)
        self._worker = worker.make(plan.spec, self._parts, connection)
        self._voice = Voice(self._worker, self._parts, connection.transport.output())
        asked = plan.spec.turns.idle
        self._idle_prompts = IdlePrompts(asked, self._voice.say, self._farewell) if asked else None
        self._listen()

    async def run(self) -> CallRecord:
        """Run until the call is over; the pipeline is gone when this returns."""
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        running = asyncio.create_task(runner.run())
        told_to_end = asyncio.create_task(self._ending.wait())
        caller_gone = asyncio.create_task(self._caller_gone.wait())
        self._watch()
        try:
            await asyncio.wait({running, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
            waited_for = {running, caller_gone}
            await asyncio.wait(waited_for, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED)
            await ending.now(running, self._worker)
        except asyncio.CancelledError:
            self._over("server", "the server stopped")
            await ending.now(running, self._worker)
            raise
        finally:
            for task in (told_to_end, caller_gone, *self._tasks):
                task.cancel()
            self._over("error", "the pipeline stopped")
            await self._side.finish()
            self.record.ended = datetime.now(UTC)
        return self.record

    async def end(self, by: EndedBy, reason: str) -> None:
        """Let what is being said finish, then end the call."""
        if self._over(by, reason, GOODBYE_SECONDS):
            await self._worker.stop_when_done()

    async def apologise(self, reason: str) -> None:
        """Tell the caller that the agent can't go on, and end the call."""
        apology, words = self._apology, self._plan.spec.prompts.apology
        if not self._over("error", reason, voice.seconds(apology) + 3 if apology else GOODBYE_SECONDS):
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

    def tool_ended(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """A tool is done."""
        self._transcript.tool(tool, arguments, outcome)
        self._patience.tool_ended()

    def taken_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """Another service goes on: the answer is awaited anew."""
        logger.warning("call {}: {} goes on as {} instead of {}", self.record.id, by, part, instead_of)
        self._transcript.taken_over(part, by, instead_of, described(error) if error else "")
        self._patience.again()

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model hears for itself; the record is written beside it."""
        self._side.take(message, wav, self._transcript.now)

    def _watch(self) -> None:
        """Start the tasks that look after the call; they end with it."""
        watches = [idle.limit(self._plan.spec.limits, self._voice.say, self._farewell)]
        if isinstance(self._parts.llm, OpenAIRealtimeLLMService):
            lifeline = Lifeline(
                self._parts.llm, self._instruct, self._nobody_speaks, self.apologise, self._lost
            )
            watches.append(lifeline.watch())
        self._tasks += [asyncio.create_task(watch) for watch in watches]

    def _listen(self) -> None:
        running, transport = self._worker, self._connection.transport
        self._transcript.listen(self._parts.aggregators)
        transport.add_event_handler("on_client_connected", self._connected)
        transport.add_event_handler("on_client_disconnected", self._disconnected)
        running.add_event_handler("on_pipeline_error", self._failed)
        running.add_event_handler("on_idle_timeout", self._silent)
        running.add_reached_upstream_filter((BotStartedSpeakingFrame, BotStoppedSpeakingFrame))
        running.add_event_handler("on_frame_reached_upstream", self._reached_upstream)
        caller = self._parts.aggregators.user()
        caller.add_event_handler("on_user_turn_started", self._caller_started)
        caller.add_event_handler("on_user_turn_stopped", self._caller_stopped)
        caller.add_event_handler("on_user_turn_idle", self._caller_idle)

    async def _connected(self, _transport: Any, _client: Any) -> None:
        if self._prompts.opening:
            await self._voice.say(self._prompts.opening)
        elif self._prompts.greeting:
            self._instruct(self._prompts.greeting)
            await self._worker.queue_frame(LLMRunFrame())
            self._patience.owed()

    async def _disconnected(self, _transport: Any, _client: Any) -> None:
        self._over("caller", "the caller hung up")
        self._caller_gone.set()

    async def _silent(self, _worker: PipelineWorker) -> None:
        self._over("agent", "nobody spoke any more")

    async def _caller_started(self, *_: Any) -> None:
        self._speaking["caller"] = True
        self._patience.settled()
        if self._idle_prompts:
            self._idle_prompts.caller_spoke()

    async def _caller_stopped(self, _aggregator: Any, _strategy: Any, message: Any) -> None:
        self._speaking["caller"] = False
        memory.trim(self._parts.context, self._plan.spec)
        if message.content or self._parts.stt is None:
            self._patience.owed()

    async def _caller_idle(self, _aggregator: Any) -> None:
        if self._idle_prompts and not self._ending.is_set():
            await self._idle_prompts.caller_is_silent()

    async def _reached_upstream(self, _worker: PipelineWorker, frame: Frame) -> None:
        self._speaking["agent"] = isinstance(frame, BotStartedSpeakingFrame)
        self._voice.note(speaking=self._speaking["agent"])
        if self._speaking["agent"]:
            self._transcript.agent_speaks()
            self._patience.settled()
            self._faults.recovered()

    async def _failed(self, _worker: PipelineWorker, frame: ErrorFrame) -> None:
        self.record.errors.append(described(frame))
        if self._ending.is_set():
            return
        verdict = self._faults.judge(frame)
        logger.warning("call {}: {}; will {}", self.record.id, frame.error, verdict.value)
        if verdict is Verdict.RETRY:
            await self._worker.queue_frame(LLMRunFrame())
            self._patience.owed()
        elif verdict is Verdict.ASK_AGAIN:
            await self._voice.say(self._plan.spec.prompts.repeat)
        elif verdict is Verdict.GIVE_UP:
            await self.apologise(f"{frame.processor} failed")

    async def _answer_overdue(self) -> None:
        await self.apologise(f"no answer began within {self._plan.spec.limits.answer:g} s")

    def _farewell(self, words: str, reason: str) -> None:
        async def say_and_end() -> None:
            await self._voice.say_whole(words)
            await self.end("agent", reason)

        self._tasks.append(asyncio.create_task(say_and_end()))

    def _lost(self, what: str) -> None:
        self.record.errors.append(what)
        self._patience.settled()

    def _instruct(self, text: str) -> None:
        self._parts.context.add_message({"role": "developer", "content": text})

    def _nobody_speaks(self) -> bool:
        return not any(self._speaking.values())

    def _over(self, by: EndedBy, reason: str, grace: float = 0.0) -> bool:
        """Note who ended the call, once; the first one counts."""
        if self._ending.is_set():
            return False
        self.record.ended_by, self.record.reason = by, reason
        self._grace = grace
        self._patience.settled()
        self._ending.set()
        return True
