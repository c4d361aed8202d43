"""The agents of a process and their calls in progress."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from loguru import logger

from agentrun.background_tasks import BackgroundTasks
from agentrun.errors import Problem
from agentrun.pipeline.audio import prepared_speech
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, spec_snapshot
from agentrun.server.admission.admission import Admission
from agentrun.server.analysis.analyses import Analyses
from agentrun.server.calls import call_records, closing_calls, mcp_tools, unbegun_calls
from agentrun.server.calls.drafts import DraftPlans
from agentrun.server.calls.left_open import LeftOpenCalls
from agentrun.server.calls.mcp_tools import Own, RemoteTools
from agentrun.server.calls.plugin_hooks import PluginNotifier
from agentrun.server.observability import tracing
from agentrun.server.records.audio_recordings import Recordings
from agentrun.server.records.recent_records import RecentRecords
from agentrun.server.shared_state.answered_calls import AnsweredCalls
from agentrun.server.shared_state.handover import Handover
from agentrun.session import Session
from agentrun.transports.connection import Connection

_POLL_SECONDS = 0.1
Watchers = list[Callable[[CallRecord], None]]


class Switchboard:
    """Starts and owns every session of this process; none outlives ``close``."""

    def __init__(
        self,
        plans: Mapping[str, Plan],
        resources: Resources,
        admission: Admission | None = None,
        answered: AnsweredCalls | None = None,
    ) -> None:
        self.plans = plans
        self.refused: dict[str, Sequence[Problem]] = {}
        """Why an agent's files, as they were changed, are not taken into use; its plan is that of before."""
        self.admission = admission or Admission()
        self.records = RecentRecords()
        self.state = self.admission.state
        self.handover = Handover(self.state)
        self.answered = answered or AnsweredCalls(self.state)
        self.background = BackgroundTasks()
        resources.mcp.background = self.background
        self.closing = False
        self.recordings: Recordings | None = None
        self.analyses: Analyses | None = None
        """Analyses finished calls; None if nobody would read the analyses."""
        self._news = PluginNotifier()
        self.left_open = LeftOpenCalls(self.records.forget, self._news.forget)
        self.resources = resources
        """The resources that all calls share."""
        self._remote = RemoteTools(resources.mcp)
        self.drafts = DraftPlans(resources, self._remote)
        self._apologies: dict[str, bytes | None] = {}
        self._live: dict[asyncio.Task[CallRecord], Session] = {}
        self.admission.live = self._live.__len__
        self._run_by: dict[asyncio.Task[CallRecord], Plan] = {}
        self._unbegun = unbegun_calls.UnbegunCalls(self._let_go)
        self._begin_watchers, self._leave_watchers, self._end_watchers = Watchers(), Watchers(), Watchers()
        self._coming: list[Plan] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def load_services(self) -> None:
        """Import the modules that calls need.

        Raises SetupError when a service's libraries can't be imported, or it refuses a setting.
        """
        for plan in self.plans.values():
            self.drafts.prepare(plan)

    async def speak_ahead(self) -> None:
        """Synthesize what every caller of an agent hears: its fixed greeting, and its apology."""
        self._apologies |= await prepared_speech.prepare(self.plans, self.resources)
        # calls that have begun meanwhile
        for session in self._live.values():
            session.parts.apology.prepared = self._apologies.get(session.record.agent)

    async def connect(self) -> None:
        """Connect to every MCP server, and return once each has answered or failed."""
        opened = [connection for plan in self.plans.values() for connection in self._remote.open(plan)]
        await asyncio.gather(*(connection.tried.wait() for connection in opened))

    async def replace(self, plan: Plan) -> None:
        """Use ``plan`` from the agent's next call on; calls in progress keep theirs.

        Raises SetupError as ``prepare`` does, and then nothing has changed.
        """
        name = plan.spec.name
        self._coming.append(plan)
        try:
            self.drafts.prepare(plan)
            self._apologies |= await prepared_speech.prepare({name: plan}, self.resources)
        finally:
            self._coming.remove(plan)
        self.plans = {**self.plans, name: plan}
        self._close_unused_servers()

    def _close_unused_servers(self) -> None:
        """A call keeps the MCP servers that it began with; after it nobody needs those of an earlier spec."""
        plans = (*self.plans.values(), *self._coming, *self._run_by.values(), *self.drafts.plans)
        self._remote.close_unused(plans)

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Call ``closer`` once all calls have ended."""
        self._closers.append(closer)

    @property
    def live(self) -> int:
        """The number of calls in progress."""
        return len(self._live)

    def on_begin(self, watcher: Callable[[CallRecord], None]) -> None:
        """Call ``watcher`` with the record of each call that begins."""
        self._begin_watchers.append(watcher)

    def on_leave(self, watcher: Callable[[CallRecord], None]) -> None:
        """Call ``watcher`` with the record of each call that has left this process, ended or not."""
        self._leave_watchers.append(watcher)

    def on_end(self, watcher: Callable[[CallRecord], None]) -> None:
        """Call ``watcher`` with the record of each call that has ended."""
        self._end_watchers.append(watcher)

    def is_live(self, agent: str, call_id: str) -> bool:
        """Whether the call is in progress here."""
        return self.session(agent, call_id) is not None

    def session(self, agent: str, call_id: str) -> Session | None:
        """The session of the call while it is in progress here, or None."""
        sessions = (s for s in self._live.values() if (s.record.agent, s.record.id) == (agent, call_id))
        return next(sessions, None)

    async def wait_for(self, agent: str, call_id: str) -> None:
        """Wait until the call is no longer in progress."""
        if tasks := [t for t, s in self._live.items() if (s.record.agent, s.record.id) == (agent, call_id)]:
            await asyncio.wait(tasks)

    def answer(self, plan: Plan, connection: Connection) -> asyncio.Task[CallRecord]:
        """Start a session; returns a task, owned by the switchboard, that ends with the call's record."""
        call, own = connection.call, Own()
        record = call_records.begin(self.records, plan, connection, self.state.me.machine)
        # what is begun in the block says its call with each line, also from tasks and threads of its own
        with logger.contextualize(call=call.id, agent=call.agent):
            try:
                plan, own = self._remote.equip(plan)
                task = self._begin(plan, connection, record, own)
                call = self._live[task].call
            except Exception as error:  # noqa: BLE001 - it costs this call alone
                task = self._unbegun.end(plan, connection, record, own, error)
        self.admission.begin(call.agent, call.id, elsewhere=call_records.other_number(record))
        _tell(self._begin_watchers, record)
        if not connection.earlier:
            self._news.started(plan.hooks, call, record)
        return task

    def _begin(
        self, plan: Plan, connection: Connection, record: CallRecord, own: Own
    ) -> asyncio.Task[CallRecord]:
        record.spec = spec_snapshot.take(plan.file, plan.tools)
        if self.analyses:
            self.analyses.expect(plan, record)
        apology = None if self.drafts.holds(plan) else self._apologies.get(record.agent)
        session = Session(plan, connection, self.resources, record, apology, self.recordings)
        calling, context = mcp_tools.run(session, own), tracing.apart() if self.resources.traced else None
        task = asyncio.create_task(calling, name=f"call {record.id}", context=context)
        task.add_done_callback(self._ended)
        self._live[task], self._run_by[task] = session, plan
        return task

    async def wait_until_idle(self) -> None:
        """Wait until no call is in progress, expected, or ringing elsewhere; stop ``admission`` first."""
        while self._live or self.admission.expected or self.left_open.ringing:
            if self._live:
                await asyncio.wait(self._live)
            await asyncio.sleep(_POLL_SECONDS)

    async def say_goodbye(self) -> None:
        """End every call with ``prompts.goodbye``, or leave it to another server."""
        await self.left_open.hand_on(self._live.values())
        await self.dismiss(*self._live)

    async def dismiss(self, *tasks: asyncio.Task[CallRecord]) -> None:
        """End those of ``tasks`` that are in progress with ``prompts.goodbye``; see ``closing_calls``."""
        await closing_calls.dismiss({t: self._live[t] for t in tasks if t in self._live}, self._run_by)

    def cut(self) -> None:
        """End every call at once, without a word."""
        for task in self._live:
            task.cancel()

    async def close(self) -> None:
        """Let the calls that are up finish what is being said, then end what is left."""
        self.closing = True
        self.admission.stop()
        await closing_calls.end(self._live)
        await self._unbegun.close()
        await self.left_open.close()
        await self._news.close()
        for closer in self._closers:
            await closer()

    def _ended(self, task: asyncio.Task[CallRecord]) -> None:
        session, plan = self._live.pop(task), self._run_by.pop(task)
        self._close_unused_servers()
        record = session.record
        if not task.cancelled() and (error := task.exception()):
            record.errors.append(repr(error))
            logger.opt(exception=error).error("call {} broke", record.id)
        if session.left_open:
            _tell(self._leave_watchers, record)
            # whoever goes on with the call has its place; while it rings elsewhere nobody has
            let_go = self.admission.release if session.rings_for else self.admission.forget
            let_go(record.agent, record.id)
            over = partial(self._close_call, plan, record)
            self.left_open.leave(record, over, rings_for=session.rings_for)
            return
        self._let_go(plan, record)

    def _let_go(self, plan: Plan, record: CallRecord) -> None:
        """Clean up after a call that is over, or could not be started."""
        _tell(self._leave_watchers, record)
        self.admission.release(record.agent, record.id)
        unbegun_calls.close(record)
        self._close_call(plan, record)

    def _close_call(self, plan: Plan, record: CallRecord) -> None:
        _tell(self._end_watchers, record)
        if self.analyses:
            self.analyses.begin(plan, record)
        self._news.ended(plan.hooks, record)
        logger.info("call {} of {} ended by {}: {}", record.id, record.agent, record.ended_by, record.reason)


def _tell(watchers: Watchers, record: CallRecord) -> None:
    for watcher in watchers:
        watcher(record)
