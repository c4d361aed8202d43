"""Several servers of this very process behind haproxy: they start in a moment, and leave as real ones do."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentrun.server.lifecycle import drain
from agentrun.server.lifecycle.startup import Options, RunningServer, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import OPEN
from tests.docs.test_balancer import command
from tests.machines.rig import PROXY, end, is_ready
from tests.ports import free_port

BEHIND_HAPROXY = (
    # where a process goes on when its server has closed, a thread may have held a connection to the last
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.needs(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "apt-get install haproxy"),
)
"""Marks of tests with a fleet."""
TOKEN = "0123456789abcdef0123456789abcdef"
SPEC = """
name: desk
transport: twilio
prompts: {system: Hi., greeting: {say: Good evening.}, apology: Sorry.}
limits: {answer: 60s}
"""


@dataclass
class Fleet:
    """Servers behind the balancer at ``url``, each at a port of its own."""

    url: str
    spec: Path
    environ: dict[str, str]
    store: str
    ports: list[int]
    options: dict[str, Any] = field(default_factory=dict)
    """Those of each server, beside its port, address and store."""
    proxy: asyncio.subprocess.Process | None = None
    """The balancer's first process, once it runs."""
    _up: dict[int, tuple[RunningServer, contextlib.AsyncExitStack]] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """A telephone whose webhooks are signed."""
        return Caller(auth_token=TOKEN)

    async def start(self, number: int) -> None:
        """Have a server answer at its port."""
        stack = contextlib.AsyncExitStack()
        place = {"port": self.ports[number], "public_url": self.url, "records": self.store, **self.options}
        options = Options(**place)
        server = await stack.enter_async_context(running_server([self.spec], self.environ, options))
        self._up[number] = server, stack
        await is_ready(server.url)

    def at(self, number: int) -> RunningServer:
        """A server that is up."""
        return self._up[number][0]

    async def leave(self, number: int, seconds: float, lame_duck: float) -> None:
        """Have a server leave as on SIGTERM: its calls have ``seconds`` to end after its ``lame_duck``."""
        server, stack = self._up.pop(number)
        await drain.leave(server.switchboard, seconds, asyncio.Event(), lame_duck)
        await stack.aclose()

    async def close(self) -> None:
        """End every server that is up."""
        for number in list(self._up):
            await self._up.pop(number)[1].aclose()


@contextlib.asynccontextmanager
async def fleet(
    folder: Path,
    store: str,
    *,
    number: int = 2,
    look_seconds: float = 0.3,
    balancer: Callable[..., Path] | None = None,
    text: str = SPEC,
    **options: Any,
) -> AsyncIterator[Fleet]:
    """Servers of one agent; the balancer asks each ``/ready`` every ``look_seconds`` and heeds one answer.

    ``balancer`` writes another configuration of it: of a folder, its port, and those of the servers. ``text``
    is the agent's spec.
    """
    spec = folder / "desk.yaml"
    spec.write_text(text)
    ports = [free_port() for _ in range(number + 1)]
    async with contextlib.AsyncExitStack() as stack:
        brain = ScriptedBrain([OPEN] * 100)
        hearing = ScriptedHearing(["When are you open?"] * 100)
        openai = await stack.enter_async_context(OpenAIServer(hearing, ToneVoice(), brain))
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url, "TWILIO_AUTH_TOKEN": TOKEN}
        servers = Fleet(f"http://127.0.0.1:{ports[0]}", spec, environ, store, ports[1:], options)
        stack.push_async_callback(servers.close)
        for index in range(number):
            await servers.start(index)
        config = balancer(folder, *ports) if balancer else _configuration(folder, look_seconds, *ports)
        servers.proxy = proxy = await asyncio.create_subprocess_exec(
            *command(config), stdout=DEVNULL, stderr=sys.stderr
        )
        stack.push_async_callback(end, proxy)
        await is_ready(servers.url)
        yield servers


def _configuration(folder: Path, look_seconds: float, port: int, *servers: int) -> Path:
    often = f"inter {look_seconds * 1000:.0f}ms fall 1"
    # a server that is just starting holds up the others of this process
    text = PROXY.format(port=port).replace("inter 300ms fall 2", often)
    text = text.replace("  timeout connect 2s\n", "  timeout connect 10s\n  timeout check 10s\n")
    path = folder / "haproxy.cfg"
    path.write_text(text + "".join(f"  server m{each} 127.0.0.1:{each}\n" for each in servers))
    return path
