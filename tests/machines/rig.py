"""Several servers with one PostgreSQL behind haproxy, which gives each request to the next one."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
from twilio.request_validator import RequestValidator

from agentrun.records.store.store import CallQuery, Store
from agentrun.simulate.caller import Caller, PhoneCall
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.outgoing_messages import Messages
from agentrun.simulate.engines.engines import Brain, Hearing
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.twilio import Callee, Network, TwilioServer
from tests import programs
from tests.calls.desk import HELLO
from tests.cli.serve_process import SERVE, Serving, environ
from tests.ports import free_port

KEY, FROM = "the-servers-key", "+15551234567"
SPEC = """\
name: {name}
transport: {{type: twilio, dial: {{machine: hang_up, ring: 30s}}}}
limits: {limits}
prompts: {{system: "You call {{{{ call.body.patient }}}}.", greeting: Hello., apology: Sorry.}}
"""
PROXY = """
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 600s
  option redispatch
listen calls
  bind 127.0.0.1:{port}
  balance roundrobin
  option httpchk GET /ready
  http-check expect status 200
  default-server check inter 300ms fall 2 rise 1
"""


@dataclass
class Machines:
    """The rig: ``url`` is the balancer's, ``urls`` and ``processes`` are each server's own."""

    url: str
    store: str
    twilio: TwilioServer
    callee: Callee
    openai: OpenAIServer
    urls: list[str] = field(default_factory=list)
    processes: list[Serving] = field(default_factory=list)
    proxy: Process | None = None
    commands: list[tuple[tuple[str, ...], Path, dict[str, str]]] = field(default_factory=list)
    """What starts each server: its arguments, its folder, and its environment."""
    proxy_file: Path = Path()

    async def start(self, number: int) -> None:
        """Start a server, or start it anew; it is not awaited until it is ready."""
        command, home, given = self.commands[number]
        env = environ(**given)
        process: Serving
        if "LD_PRELOAD" in given:  # heeded by what is started alone
            process = await asyncio.create_subprocess_exec(
                *(*SERVE, *command), env=env, cwd=home, stdout=DEVNULL, stderr=sys.stderr
            )
        else:
            process = await programs.start("serve", *command, env=env, cwd=home)
        self.processes[number : number + 1] = [process]

    async def start_proxy(self) -> None:
        """Start haproxy, or start it anew."""
        command = ("/usr/sbin/haproxy", "-db", "-q", "-f", str(self.proxy_file))
        self.proxy = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=sys.stderr)

    async def close(self) -> None:
        """End whatever runs."""
        for process in (*self.processes, *((self.proxy,) if self.proxy else ())):
            said = await end(process)
            # pytest shows it where the test has failed
            sys.stderr.write((said or b"").decode(errors="replace"))

    @property
    def caller(self) -> Caller:
        """A telephone whose webhooks are signed."""
        return Caller(auth_token=self.twilio.auth_token)

    def webhook(self, base: str, agent: str, call_sid: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """What Twilio sends for a call: where to, the form, and the header with its signature."""
        path = f"/{agent}/twilio/voice"
        form = {"CallSid": call_sid, "From": "+12025550143", "To": "+12025550199"}
        signature = RequestValidator(self.twilio.auth_token).compute_signature(self.url + path, form)
        return base + path, form, {"X-Twilio-Signature": signature}

    async def ring(self, base: str, agent: str, call_sid: str) -> httpx.Response:
        """The answer to a webhook that comes to ``base``."""
        url, form, headers = self.webhook(base, agent, call_sid)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return await client.post(url, data=form, headers=headers)

    @contextlib.asynccontextmanager
    async def call_between(self, webhook: int, stream: int) -> AsyncIterator[PhoneCall]:
        """A call whose webhook comes to one server and whose stream to another, past the balancer."""
        call_sid = f"CA{secrets.token_hex(16)}"
        found = stream_of(await self.ring(self.urls[webhook], "desk", call_sid))
        assert found is not None
        url = urlsplit(found[0])._replace(scheme="ws", netloc=urlsplit(self.urls[stream]).netloc).geturl()
        messages = Messages(self.caller.account_sid, call_sid, f"MZ{secrets.token_hex(16)}")
        call = PhoneCall(await MediaSocket.open(url, lambda: 0.0), messages, 0.0)
        call.start(found[1])
        try:
            yield call
        finally:
            await call.close()

    async def dial(self, base: str, to: str, **parameters: str) -> httpx.Response:
        """Have the agent call somebody."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            body = {"to": to, "parameters": parameters}
            return await client.post(f"{base}/desk/twilio/dial", json=body, headers=headers)

    async def up_at(self) -> int:
        """The number of the server that has a call up; fails where none has."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            for number, url in enumerate(self.urls):
                with contextlib.suppress(httpx.HTTPError):
                    text = (await client.get(f"{url}/metrics", headers=headers)).text
                    if 'agentrun_calls_active{agent="desk"} 1.0' in text:
                        return number
        raise AssertionError("no server has a call up")

    def records(self) -> list[dict[str, object]]:
        """What the store has of every call."""
        with Store(self.store) as store:
            return list(store.find(CallQuery()))


def stream_of(answer: httpx.Response) -> tuple[str, dict[str, str]] | None:
    """The stream's address and its parameters; None for a call that is not connected."""
    found = ElementTree.fromstring(answer.text).find("Connect/Stream")
    if found is None:
        return None
    return found.attrib["url"], {part.attrib["name"]: part.attrib["value"] for part in found}


@contextlib.asynccontextmanager
async def machines(
    folder: Path,
    store: str,
    limits: Mapping[str, str],
    *options: str,
    number: int = 2,
    callee: Callee | None = None,
    spec: str = SPEC,
    engines: tuple[Hearing, Brain] | None = None,
    drain: str = "0s",
    environs: Sequence[Mapping[str, str]] = (),
) -> AsyncIterator[Machines]:
    """Servers of the agents that ``limits`` names, each of which answers ``/ready`` to the balancer.

    ``spec`` has a place for their names and limits; ``engines`` are what the mock of OpenAI hears and says,
    ``environs`` what each server has in its environment beside the others.
    """
    callee = callee or Callee()
    specs = [folder / f"{name}.yaml" for name in limits]
    for path in specs:
        path.write_text(spec.format(name=path.stem, limits=limits[path.stem]))
    async with contextlib.AsyncExitStack() as stack:
        hearing, brain = engines or (ScriptedHearing(()), ScriptedBrain([HELLO] * 100))
        openai = await stack.enter_async_context(OpenAIServer(hearing, ToneVoice(), brain))
        twilio = await stack.enter_async_context(TwilioServer())
        twilio.connect(Network(twilio.auth_token, callee).put_through)
        ports = [free_port() for _ in range(number + 1)]
        rig = Machines(f"http://127.0.0.1:{ports[0]}", store, twilio, callee, openai)
        stack.push_async_callback(rig.close)
        given = {
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": openai.base_url,
            **twilio.environ(),
            "TWILIO_FROM_NUMBER": FROM,
            "AGENTRUN_API_KEY": KEY,
        }
        own = [*environs, *({} for _ in range(number - len(environs)))]
        for index, (port, more) in enumerate(zip(ports[1:], own, strict=True)):
            rig.urls.append(f"http://127.0.0.1:{port}")
            home = folder / str(port)
            home.mkdir()
            command = (*map(str, specs), "--port", str(port), "--public-url", rig.url)
            command += ("--records", store, "--drain", drain, *options)
            rig.commands.append((command, home, {**given, **more}))
            await rig.start(index)
        rig.proxy_file = folder / "haproxy.cfg"
        servers = (f"  server m{port} 127.0.0.1:{port}\n" for port in ports[1:])
        rig.proxy_file.write_text(PROXY.format(port=ports[0]) + "".join(servers))
        await rig.start_proxy()
        for url in (*rig.urls, rig.url):
            await is_ready(url)
        yield rig


async def is_ready(url: str, seconds: float = 240.0) -> None:
    """Return when a server takes calls."""
    async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"{url}/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


async def end(process: Serving) -> bytes | None:
    """Have a process end, by force if it must be; what it has written to standard error, if that is kept."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
    # what it has started in turn may live a moment longer
    async with asyncio.timeout(20):
        return (await process.communicate())[1]
