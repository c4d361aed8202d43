"""Versions of a server of systemd take over from each other while people call: nobody hears of it.

The processes, the script and the units are real; `tests/deploy/service_manager.py` is in systemd's place.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, QUESTION, listen, until
from tests.cli.test_workers import is_running
from tests.deploy.server_root import PYTHON, ServerRoot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
TOKEN = "0123456789abcdef0123456789abcdef"
SPEC = """\
name: desk
transport: twilio
prompts: {{system: This is version {0}., greeting: Say hello., apology: Sorry., busy: All busy.}}
limits: {{answer: 60s}}
turns: {{idle: 4m}}
"""
MANAGER = Path(__file__).with_name("service_manager.py")
CHECKS, AGENTRUN = '! grep -q BROKEN "$2"', f'exec {sys.executable} -m agentrun "$@"'
HANGS = "hangs"


class Server(ServerRoot):
    """One whose services are real processes."""

    def plan(self, greeting: str) -> Plan:
        (self.scratch / "project" / "agents").mkdir(exist_ok=True)
        path = self.scratch / "project" / "agents" / "desk.yaml"
        path.write_text(SPEC.format(greeting))
        file = spec.load(path)
        return planning.make(file, plugins.load(file), {})

    def write(self, greeting: str = "Hello.") -> None:
        super().write(greeting)
        if greeting == HANGS:
            unit = self.folder / "desk@.service"
            text = unit.read_text().replace("TimeoutStartSec=180", "TimeoutStartSec=2")
            unit.write_text(text.replace("ExecStart=/", 'ExecStart=/bin/sh -c "sleep 1000" /'))

    async def does(self, *arguments: str, code: int = 0) -> str:
        """What the script says while calls go on."""
        environ = {"LISTENING": str(self.fds[0])}
        return await asyncio.to_thread(self.run, *arguments, code=code, environ=environ)

    def processes(self) -> list[int]:
        """Those that run, the oldest first."""
        units = sorted((self.root / "systemd").glob("desk@*.service"), key=lambda one: one.stat().st_mtime)
        return [pid for one in units if is_running(pid := int(one.read_text()))]

    async def end(self) -> None:
        """End whatever runs, by force if it must be."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.processes():
                os.killpg(pid, number)
            with contextlib.suppress(TimeoutError):
                await until(lambda: not self.processes(), 30)

    @property
    def journal(self) -> str:
        """What its services wrote."""
        return (self.root / "systemd" / "journal").read_text()


@dataclass
class Calls:
    """A telephone call each second, what became of each, and the version that each was answered by."""

    url: str
    openai: OpenAIServer
    ends: list[asyncio.Task[str | None]] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        """A telephone whose webhooks are signed."""
        return Caller(auth_token=TOKEN)

    async def over_and_over(self) -> None:
        """Call until it is cancelled."""
        while True:
            self.ends.append(asyncio.create_task(self._call()))
            await asyncio.sleep(1)

    async def _call(self) -> str | None:
        async with self.caller.call(f"{self.url}/desk") as call:
            await call.hear_greeting(silence=0.3)
            await call.hang_up()
            return call.ended_by

    def versions(self) -> list[str]:
        """Those whose model was asked, in this order."""
        asked = (json.dumps(one.body) for one in self.openai.requests if one.route == "chat")
        return [one.partition("This is version ")[2].partition(".")[0] for one in asked]

    async def next_version(self) -> str:
        """The version that answers a new call."""
        before = len(self.versions())
        await until(lambda: len(self.versions()) > before + 1, 60)
        return self.versions()[-1]


@contextlib.asynccontextmanager
async def calling(folder: Path) -> AsyncIterator[tuple[Server, Calls]]:
    """A server with version one, which is called each second."""
    brain, hearing = ScriptedBrain([HELLO] * 1000), ScriptedHearing(["When are you open?"] * 10)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with OpenAIServer(hearing, ToneVoice(), brain) as openai:
            secrets = {
                "OPENAI_API_KEY": "test",
                "OPENAI_BASE_URL": openai.base_url,
                "TWILIO_AUTH_TOKEN": TOKEN,
            }
            server = Server(
                folder,
                url=url,
                secrets="".join(f"{name}={value}\n" for name, value in secrets.items()),
                programs={"python3": PYTHON.replace(CHECKS, AGENTRUN), "systemctl": MANAGER.read_text()},
                fds=[listening.fileno()],
            )
            calls = Calls(url, openai)
            try:
                server.write("one")
                await server.does("install")
                again = asyncio.create_task(calls.over_and_over())
                yield server, calls
                again.cancel()
                ends = await asyncio.gather(*calls.ends)
                assert ends == ["caller"] * len(ends)
                assert "Traceback" not in server.journal
            finally:
                await server.end()


async def test_nobody_hears_busy_and_nobody_is_cut_while_versions_come_and_go(tmp_path: Path) -> None:
    async with calling(tmp_path) as (server, calls), calls.caller.call(f"{calls.url}/desk") as early:
        await early.hear_greeting(silence=0.3)
        [first] = server.processes()
        server.write("two")
        await server.does("install")
        assert await calls.next_version() == "two"
        server.write("three")
        await server.does("install")
        assert await calls.next_version() == "three"
        assert any(line.endswith(", has calls") for line in server.run("list").splitlines())
        await server.does("roll-back")
        assert await calls.next_version() == "two"
        await server.does("restart")
        assert await calls.next_version() == "two"
        assert not early.over, early.reason
        assert server.processes()[0] == first, "it has its call"
        by_the_first = calls.versions().count("one")
        await early.say(QUESTION)
        assert await listen(early)
        assert calls.versions().count("one") == by_the_first + 1
        await early.hang_up()
        await until(lambda: len(server.processes()) == 1, 60)
    assert early.ended_by == "caller"
    with Store(f"sqlite:///{server.root}/var/lib/desk/calls.sqlite3") as rows:
        ends = [row["ended_by"] for row in rows.find(CallQuery())]
    assert ends == ["caller"] * (len(calls.ends) + 1)


@pytest.mark.parametrize("trouble", [HANGS, "has no key"])
async def test_a_version_that_never_takes_calls_never_gets_one(tmp_path: Path, trouble: str) -> None:
    async with calling(tmp_path) as (server, calls):
        first, secrets = server.processes(), server.secrets
        server.write(trouble)
        if trouble != HANGS:
            (server.folder / "secrets.env").write_text(secrets.replace("OPENAI_API_KEY=test\n", ""))
        said = await server.does("install", code=1)
        assert "takes no calls" in said
        assert server.processes() == first
        assert await calls.next_version() == "one"
        assert {*calls.versions()} == {"one"}
        assert (server.root / "etc/desk/secrets.env").read_text() == secrets
        assert "there is no version before" in await server.does("roll-back", code=1)
