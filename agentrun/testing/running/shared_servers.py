"""Servers that all tests of a process share: the mock model server, and the agents' own."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fastapi import FastAPI

from agentrun import plugins
from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.app import eval_routes
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio.routes import TwilioRoutes
from agentrun.server.twilio.stream_tokens import StreamTokens
from agentrun.simulate.engines import engines
from agentrun.simulate.engines.engines import Engines
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import TwilioTransport
from agentrun.spec.models.callers_and_hours import Callers
from agentrun.spec.models.scenarios import Scenario
from agentrun.spec.models.turns_and_limits import Limits
from agentrun.testing.scripts.progress import ScriptProgress
from agentrun.testing.scripts.scripted_model import Role, ScriptedModel
from agentrun.testing.substitutes import replace_look_up, replace_tools, watch_tools


@dataclass(frozen=True)
class Mode:
    """Who answers: the script, a cassette (``replay``), or the real models (``live``, or to ``record``)."""

    live: bool = False
    record: bool = False
    replay: bool = False


@dataclass
class SharedServers:
    """``plans`` are those of the tests that run now, by the name under which each is called."""

    openai: OpenAIServer
    cast: ScriptedModel
    plans: dict[str, Plan]
    switchboard: Switchboard
    address: str
    environ: Mapping[str, str]
    mode: Mode
    engines: Engines
    resources: Resources
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextlib.contextmanager
    def set_up(
        self,
        file: SpecFile,
        scenario: Scenario,
        progress: ScriptProgress,
        *,
        base_url: str | None,
        spoken: bool = False,
    ) -> Iterator[str]:
        """The name under which the agent of ``file`` can be called for ``scenario``, while the block runs.

        Its services ask ``base_url``; without one the mock server, or with ``live`` the providers.
        ``progress`` is kept of what the model and its tools do.
        """
        key = f"{file.spec.name}-test-{next(self._numbers)}"
        if not self.mode.live and base_url is None:
            misplays = self.cast.misplays[key] = []
            self.cast.roles[key] = Role(file.spec, scenario, Rehearsal([file.spec]), misplays, progress)
            progress.is_played = True
            base_url = self.openai.url_for(key)
        environ = {**self.environ, **({"OPENAI_BASE_URL": base_url} if base_url else {})}
        environ |= {} if self.mode.live else {"OPENAI_API_KEY": "test"}
        tools = watch_tools(
            replace_tools(plugins.load(file), scenario.turns, lambda: progress.turn), progress
        )
        plan = planning.make(file, tools, environ, offline=base_url is not None)
        if plan.missing and not self.mode.live:
            # no provider is asked: what stands for its key only has to be there
            environ |= dict.fromkeys(plan.missing, "test")
            plan = planning.make(file, tools, environ, offline=base_url is not None)
        plan.require_keys()
        plan = replace_look_up(plan, scenario.turns, lambda: progress.turn)
        if spoken:
            spec = plan.spec.model_copy(update=_answered_always(plan.spec.limits))
            plan = replace(plan, file=replace(file, spec=spec))
        self.plans[key] = plan
        try:
            yield key
        finally:
            del self.plans[key]
            self.cast.roles.pop(key, None)


def _answered_always(limits: Limits) -> dict[str, object]:
    """What a spec's test is not about: the way in, the opening hours, and how many may call."""
    free = {"calls": None, "calls_per_caller": None, "calls_per_minute": None}
    return {
        "transport": (TwilioTransport(type="twilio"),),
        "hours": None,
        "callers": Callers(),
        "limits": limits.model_copy(update=free),
    }


@contextlib.asynccontextmanager
async def opened(
    environ: Mapping[str, str], mode: Mode, *, spoken: bool = False
) -> AsyncIterator[SharedServers]:
    """A bench while the block runs; ``spoken`` loads the packaged hearing and voice.

    Raises SetupError when the extra ``offline`` is needed and not installed.
    """
    loaded = await engines.load_offline() if spoken else Engines(SilentEngine(), SilentEngine())
    cast, plans = ScriptedModel(), dict[str, Plan]()
    async with contextlib.AsyncExitStack() as stack:
        openai = await stack.enter_async_context(OpenAIServer(loaded.hearing, loaded.voice, cast))
        resources = await stack.enter_async_context(Resources())
        switchboard = Switchboard(plans, resources)
        app = FastAPI()
        app.include_router(eval_routes.router(switchboard))
        settings = ServerSettings("127.0.0.1", Access.OPEN, environ, offline=not mode.live)
        app.include_router(TwilioRoutes(switchboard, settings, StreamTokens()).router())
        sock = bind("127.0.0.1", 0)
        stack.callback(sock.close)
        await stack.enter_async_context(serving(app, sock))
        stack.push_async_callback(switchboard.close)
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        yield SharedServers(openai, cast, plans, switchboard, address, environ, mode, loaded, resources)
