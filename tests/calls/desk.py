"""An agent that answers the telephone, with scripted engines: what the tests of whole calls share."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrun.records import CallRecord
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller import Caller, CallOverError, NoAnswerError, PhoneCall
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer

CORPUS = Path(__file__).parents[1] / "corpus"
QUESTION = CORPUS / "13_ambiguous.wav"
PLUGIN = '''
import asyncio
from agentrun import ToolError, hookimpl

async def get_hours() -> str:
    """Say when the restaurant is open."""
    return "from six to eleven"

async def get_slow_hours() -> str:
    """Say, after a while, when the restaurant is open."""
    await asyncio.sleep(30)
    return "from six to eleven"

@hookimpl
def agentrun_tools():
    return [get_hours, get_slow_hours]
'''
SPEC = """
name: desk
transport: twilio
prompts:
  system: You answer the telephone of a restaurant.
  greeting: Say hello.
  apology: I am sorry, goodbye.
tools: [hours]
"""


@dataclass
class Desk:
    """A running agent, its mock OpenAI server, and the way to call it."""

    openai: OpenAIServer
    server: RunningServer
    hearing: ScriptedHearing
    voice: ToneVoice
    brain: ScriptedBrain
    caller: Caller

    @property
    def url(self) -> str:
        """The agent's address."""
        return f"{self.server.url}/desk"

    def record(self, call: PhoneCall) -> CallRecord:
        """The record of a call."""
        found = self.server.switchboard.records.get("desk", call.call_sid)
        assert found is not None
        return found

    async def finished(self, call: PhoneCall, seconds: float = 15.0) -> CallRecord:
        """The record of a call that has ended, also on the agent's side."""
        await until(lambda: self.record(call).ended is not None, seconds)
        return self.record(call)


async def until(done: Callable[[], object], seconds: float) -> None:
    """Wait until ``done``; fails when it takes longer than ``seconds``."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def open_desk(
    folder: Path,
    answers: Sequence[Answer],
    *,
    heard: Sequence[str] = ("When are you open?",),
    style: str | None = None,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    insecure: bool = True,
    records: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    answer: str = "60s",
    watch: bool = False,
) -> AsyncIterator[Desk]:
    """Serve the desk in ``folder``: the model gives ``answers``, the caller says what is ``heard``.

    ``answer`` is ``limits.answer``: a busy machine is given time where no test is about its end.
    """
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    spec = folder / "desk.yaml"
    spec.write_text(SPEC)
    hearing, voice, brain = ScriptedHearing(heard), ToneVoice(), ScriptedBrain(answers)
    async with OpenAIServer(hearing, voice, brain, clock=clock) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, **(environ or {})}
        changed = tuple({"limits.answer": answer, **(overrides or {})}.items())
        options = Options(
            port=0, insecure=insecure, style=style, overrides=changed, records=records, watch=watch,
            webhooks=bool(records),
        )  # fmt: skip
        async with running_server([spec], given, options) as server:
            yield Desk(openai, server, hearing, voice, brain, Caller.from_environ(given))


open_hasty_desk = functools.partial(open_desk, answer="3s")
"""One whose caller soon hears the apology."""


async def listen(call: PhoneCall, timeout: float = 60.0) -> bool:
    """Whether the agent says something more before the call ends.

    It returns once that is heard: the time is for a machine on which turns are judged slowly.
    """
    try:
        await call.hear_answer(timeout, silence=0.8)
    except (NoAnswerError, CallOverError):
        return False
    return True


HELLO = Answer("Hello, this is the restaurant.")
OPEN = Answer("We are open from six to eleven.")
LOOK_UP = Answer(calls=(ToolCall("get_hours"),))
LOOK_UP_SLOWLY = Answer(calls=(ToolCall("get_slow_hours"),))
STYLES = ("cascaded", "realtime")
