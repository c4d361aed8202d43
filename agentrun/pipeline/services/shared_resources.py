"""Resources shared by all calls of a process: ONNX sessions, warm HTTP connections, MCP servers."""

from __future__ import annotations

import math
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import aiohttp
import httpx
from pipecat.audio.vad.vad_analyzer import VADParams

from agentrun import cpus
from agentrun.http import bounded_answers, shared_client, tls
from agentrun.http.shared_client import SharedClient
from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services.connections.provider_client import Connections, provider_client
from agentrun.pipeline.services.model_requests import ModelWatcher
from agentrun.pipeline.services.speech.openai import PreparedSpeech
from agentrun.pipeline.turns.early_end_of_turn import EarlyEndOfTurn
from agentrun.tools.mcp.servers import McpServers
from agentrun.transports import mulaw

_NICENESS = 10
OTHER_RATE = 16_000
"""Hz, of every line that is no telephone's."""


class Resources:
    """Made before the first call, closed after the last one; ``connections`` are what OpenAI is reached by.

    Models are loaded with the first call that needs them, or ahead of it by ``local_models.load``.

    >>> async with Resources() as resources:  # doctest: +SKIP
    ...     vad = resources.vad(VADParams())
    """

    def __init__(self, connections: Connections = "aiohttp") -> None:
        tls.share_with_websockets()
        self.traced = False
        """Whether calls make spans for OpenTelemetry."""
        self.model_watcher: ModelWatcher | None = None
        """Counts the requests to language models; nobody does where nothing is served."""
        #: What judges the ends of turns, for all calls.
        self.turn_threads = ThreadPoolExecutor(_cores(), "smart-turn", initializer=_give_way)
        self.http_client = provider_client(connections)
        self.web = tool_client()
        self.mcp = McpServers()
        self.ready_speech = PreparedSpeech()
        self._web_session: aiohttp.ClientSession | None = None

    def web_session(self) -> aiohttp.ClientSession:
        """The session of the services that ask for one, begun with the first of them."""
        if self._web_session is None:
            self._web_session = aiohttp.ClientSession()
        return self._web_session

    def vad(
        self, params: VADParams, pauses: EarlyEndOfTurn | None = None, *, early_start: bool = False
    ) -> pipecat_private.SharedSilero:
        """A voice activity detector for one call, which tells of ``pauses``.

        With ``early_start`` less of what is surely speech is enough.
        """
        return pipecat_private.SharedSilero(params, pauses, early_start=early_start)

    def smart_turn(self, pauses: EarlyEndOfTurn | None = None) -> pipecat_private.SharedSmartTurn:
        """An end-of-turn model for one call, which judges from ``pauses`` on."""
        session = pipecat_private.smart_turn_session()
        return pipecat_private.SharedSmartTurn(session, self.turn_threads, pauses)

    def try_models(self) -> None:
        """Run each model once, which shows that they can be run here; blocks for about 0.1 s.

        A server does without: the first call is no slower for it than the tenth.
        """
        for rate in (mulaw.RATE, OTHER_RATE):
            vad = self.vad(VADParams())
            vad.set_sample_rate(rate)
            vad.voice_confidence(bytes(vad.num_frames_required() * 2))
        pipecat_private.run_smart_turn_once(pipecat_private.smart_turn_session())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.mcp.close()
        self.turn_threads.shutdown(wait=False, cancel_futures=True)
        await self.http_client.aclose()
        await shared_client.end(self.web)
        if self._web_session:
            await self._web_session.close()


def tool_client() -> httpx.AsyncClient:
    """An HTTP client for tools of one event loop.

    None of them can close it. One caller's cookies must not reach another's request: it keeps none. No proxy
    reaches what listens on this machine's own loopback.
    """
    hooks: Any = {"response": [bounded_answers.bound_async]}
    return SharedClient(
        timeout=10.0,
        verify=tls.context(),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers=bounded_answers.ACCEPTED,
        event_hooks=hooks,
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")),
    )


def _cores() -> int:
    """The processors that this process may use."""
    return math.ceil(cpus.available())


def _give_way() -> None:
    """Let the event loop go before this thread: a judgement has time, and sound has not.

    Linux has a niceness for each thread (sched(7)); elsewhere the threads stay equal.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
