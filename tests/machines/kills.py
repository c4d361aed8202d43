"""Kill each part of a service at each moment of a call: what the caller hears then, and what is recorded.

``python -m tests.machines.kills [--part PART] [--moment MOMENT]``: two machines of two workers behind haproxy
with one PostgreSQL; what is killed is started again at once, as an init system does. Prints a line for each,
and exits with 1 where a call was lost that need not be, or its record is not as it should be. Some of it is
in ``test_kills.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall, RefusedError
from agentrun.simulate.caller.twilio import twiml
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall
from tests.calls.desk import QUESTION
from tests.machines.rig import Machines, is_ready, machines
from tests.records.conftest import PostgreSQL, children, own_postgresql

PARTS = ("worker", "supervisor", "machine", "haproxy", "PostgreSQL")
MOMENTS = ("webhook", "stream", "greeting", "answer", "tool", "transfer", "hang-up")
"""Each is killed before the webhook, between it and the stream, in mid greeting, answer, tool and transfer,
and when the caller has just hung up, while the record is written."""
WORKERS = 2
RECORD_SECONDS = 90.0
"""A call whose server is gone is closed when its lease has lapsed, and nobody has gone on with it."""
SPEC = """\
name: {name}
transport: twilio
limits: {limits}
resume: true
prompts:
  system: Hi.
  greeting: {{say: "Good evening, this is the restaurant by the river, what can I do for you?"}}
  apology: Sorry.
  resume: We were cut off.
tools: [{{use: table.book, once_per_call: true}}, {{use: transfer, to: {{billing: "+15557654321"}}}}]
"""
PLUGIN = '''"""A table, which takes its time."""
import time
from agentrun import hookimpl


def note(words: str) -> None:
    with open({notes!r}, "a") as file:
        file.write(words + "\\n")


def book(guests: int) -> str:
    """Book a table.

    Args:
        guests: How many.
    """
    note("begun")
    time.sleep(2)
    note("booked")
    return "Booked."


@hookimpl
def agentrun_tools():
    return [book]
'''
BOOKED = Answer("The table is booked.")
LONG = Answer("We are open from six to eleven on every day of the week but not on Mondays.")
THROUGH = Answer("One moment please, I will put you through to a colleague now.")


class Operator:
    """The model: it books, puts through, or says when they are open, as it was asked last."""

    async def answer(self, conversation: Conversation) -> Answer:
        """What to do next."""
        last = conversation.messages[-1]
        if last["role"] == "tool":
            return BOOKED
        words = str(last["content"])
        if "table" in words:
            return Answer(calls=(ToolCall("book", {"guests": 4}),))
        if "colleague" in words:
            return Answer(THROUGH.text, (ToolCall("transfer", {"to": "billing", "words": THROUGH.text}),))
        return LONG


@dataclass
class Ears:
    """Hears what is said next."""

    words: str = ""

    async def transcribe(self, pcm: bytes, sample_rate: int, prompt: str) -> str:
        """The words of every utterance."""
        del pcm, sample_rate, prompt
        return self.words


async def _nothing() -> None:
    """Nothing is killed."""


@dataclass(frozen=True)
class Interrupted(Caller):
    """A telephone; ``between`` happens after its webhook was answered, and before its stream is opened."""

    between: Callable[[], Awaitable[None]] = _nothing

    async def _ask(self, url: str, form: Mapping[str, str]) -> twiml.Stream:
        stream = await super()._ask(url, form)
        if url.endswith("/voice"):
            await self.between()
        return stream


@dataclass
class Outcome:
    """What came of one call: ``heard`` by the caller, ``recorded`` in the store."""

    part: str
    moment: str
    heard: str = ""
    recorded: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    seconds: float | None = None
    """From the kill to the first sound of the machine that went on."""

    def wrong(self) -> str:
        """What should not be so; nothing where all is well."""
        is_known = len(self.recorded) == 1 or (self.heard.startswith("refused") and not self.recorded)
        problems = [] if is_known else [f"{len(self.recorded)} records"]
        problems += ["not ended"] if any("None" in each for each in self.recorded) else []
        problems += ["a tool twice"] if len(set(self.tools)) < len(self.tools) else []
        may_be_lost = self.part == "haproxy" or self.moment in ("webhook", "stream")
        if not may_be_lost and not self.heard.startswith(("went on", "resumed", "hung up", "put through")):
            problems.append("lost")
        if self.part == "PostgreSQL" and self.heard.startswith(("resumed", "refused")):
            problems.append("noticed")
        return ", ".join(problems)


@dataclass
class Service:
    """The rig, its database, and what is killed in it."""

    rig: Machines
    database: PostgreSQL
    ears: Ears
    notes: Path

    async def kill(self, part: str) -> None:
        """Kill a part, and have it started again at once."""
        rig = self.rig
        if part == "PostgreSQL":
            await asyncio.to_thread(self.database.kill)
            await asyncio.to_thread(self.database.start)
        elif part == "haproxy":
            assert rig.proxy is not None
            rig.proxy.kill()
            await rig.proxy.wait()
            await rig.start_proxy()
        else:
            worker = await asyncio.to_thread(self._worker)
            supervisor, number = next(
                (process, number)
                for number, process in enumerate(rig.processes)
                if worker in children(process.pid)
            )
            if part == "worker":
                os.kill(worker, signal.SIGKILL)
                return
            victims = [supervisor.pid, *(children(supervisor.pid) if part == "machine" else ())]
            for each in victims:
                os.kill(each, signal.SIGKILL)
            await supervisor.wait()
            await rig.start(number)

    def _worker(self) -> int:
        """The process that has the call, or one of those that would get it."""
        owners = self._rows("SELECT owner FROM shared_places WHERE expires IS NULL")
        return int(owners[0].split("-")[0]) if owners else children(self.rig.processes[0].pid)[0]

    def _rows(self, query: str) -> list[str]:
        engine = sa.create_engine(self.rig.store)
        with engine.connect() as connection:
            found = [str(row[0]) for row in connection.execute(sa.text(query))]
        engine.dispose()
        return found

    async def whole(self) -> None:
        """Return when everything is there again."""
        async with asyncio.timeout(120):
            while True:
                known = {int(each.split("-")[0]) for each in self._rows("SELECT id FROM shared_processes")}
                there = [children(process.pid) for process in self.rig.processes]
                if all(len(some) == WORKERS and known.issuperset(some) for some in there):
                    break
                await asyncio.sleep(0.2)
        for url in (*self.rig.urls, self.rig.url):
            await is_ready(url)

    async def try_out(self, part: str, moment: str) -> Outcome:
        """One call in which a part is killed at a moment."""
        outcome, killed = Outcome(part, moment), list[float]()
        self.notes.write_text("")

        async def kill() -> None:
            killed.append(time.monotonic())
            await self.kill(part)

        if moment == "webhook":
            await kill()
        before = {str(row["id"]) for row in self.rig.records()}
        caller = Interrupted(
            auth_token=self.rig.twilio.auth_token, between=kill if moment == "stream" else _nothing
        )
        try:
            async with caller.call(f"{self.rig.url}/desk") as call:
                self.rig.twilio.bind(call)
                outcome.heard = await self._lives(call, moment, kill, killed, outcome)
        except RefusedError as error:
            outcome.heard = f"refused: {error.message[:60]}"
        outcome.recorded = await self._recorded(before)
        outcome.tools = self.notes.read_text().splitlines()
        await self.whole()
        return outcome

    async def _lives(
        self,
        call: PhoneCall,
        moment: str,
        kill: Callable[[], Awaitable[None]],
        killed: Sequence[float],
        outcome: Outcome,
    ) -> str:
        """The call, until somebody has ended it: what the caller lived."""
        killing: Awaitable[None] | None = None
        if moment == "greeting":
            await call.until(lambda: call.timeline.first_sound(0.0) is not None, 60.0)
            killing = asyncio.ensure_future(kill())
        elif moment not in ("webhook", "stream"):
            await call.hear_greeting(60.0, silence=0.5)
            if moment == "hang-up":
                await call.hang_up()
                await kill()
                return "hung up"
            self.ears.words = {"tool": "A table for four.", "transfer": "I want a colleague."}.get(
                moment, "When are you open?"
            )
            await call.say(QUESTION)
            asked = call.timeline.seconds
            if moment == "tool":
                await call.until(lambda: bool(self.notes.read_text()), asked + 60.0)
            else:
                await call.until(lambda: call.timeline.first_sound(asked) is not None, asked + 60.0)
            killing = asyncio.ensure_future(kill())
        if killing:
            await killing
        return await self._goes_on(call, killed, outcome)

    async def _goes_on(self, call: PhoneCall, killed: Sequence[float], outcome: Outcome) -> str:
        try:
            if await call.until(lambda: call.streams > 1 or call.over, call.timeline.seconds + 8.0):
                at = call.timeline.seconds
                await call.until(lambda: call.timeline.first_sound(at) is not None, at + 60.0)
                outcome.seconds = time.monotonic() - killed[0]
            if call.redirect:
                return "put through"
            # the words of before are over, whoever said them
            await call.until(lambda: call.timeline.silence() > 1.0, call.timeline.seconds + 30.0)
            self.ears.words = "And when are you open?"
            await call.say(QUESTION)
            await call.hear_answer(60.0, silence=0.5)
            words = "went on" if call.streams == 1 else "resumed"
            await call.hang_up()
        except (CallOverError, NoAnswerError) as error:
            return "put through" if call.redirect else f"lost: {error.message[:60]}"
        return words

    async def _recorded(self, before: set[str]) -> list[str]:
        rows: list[dict[str, object]] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECORD_SECONDS):
                while True:
                    rows = [row for row in self.rig.records() if str(row["id"]) not in before]
                    if rows and all(row["ended"] for row in rows):
                        break
                    await asyncio.sleep(0.5)
        return [f"{row['ended_by']}: {row['reason']}" for row in rows]


@contextlib.asynccontextmanager
async def service(folder: Path) -> AsyncIterator[Service]:
    """Two machines of two workers, a balancer and a database, all of which can be killed."""
    notes, ears = folder / "notes", Ears()
    (folder / "plugins").mkdir()
    (folder / "plugins" / "table.py").write_text(PLUGIN.format(notes=str(notes)))
    with own_postgresql() as database:
        rigging = machines(
            folder,
            database.address,
            {"desk": "{answer: 60s}"},
            *("--workers", str(WORKERS)),
            spec=SPEC,
            engines=(ears, Operator()),
        )
        async with rigging as rig:
            found = Service(rig, database, ears, notes)
            await found.whole()
            yield found


async def _main(parts: Sequence[str], moments: Sequence[str]) -> int:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="agentrun-kills-") as folder:
        async with service(Path(folder)) as found:
            for part in parts:
                for moment in moments:
                    outcome = await found.try_out(part, moment)
                    after = "" if outcome.seconds is None else f" after {outcome.seconds:.1f} s"
                    wrong = outcome.wrong()
                    failed += bool(wrong)
                    line = f"{part:<11} {moment:<9} {outcome.heard}{after} | {'; '.join(outcome.recorded)}"
                    sys.stdout.write(f"{line} | {len(outcome.tools)} {wrong and f'WRONG: {wrong}'}\n")
                    sys.stdout.flush()
    return int(failed > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--moment", action="append", choices=MOMENTS)
    given = parser.parse_args()
    sys.exit(asyncio.run(_main(given.part or PARTS, given.moment or MOMENTS)))
