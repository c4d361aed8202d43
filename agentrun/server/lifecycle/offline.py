"""``--offline``: runs the mock OpenAI server, and points the services at it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from agentrun.simulate.engines import engines
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.spec.loading.spec_file import SpecFile


class Offline:
    """Runs the mock server on a loopback port while the block runs; its models are warm when it begins.

    For ``written`` conversations no engine is loaded that hears or speaks. A mock server that runs
    ``elsewhere``, such as ``http://127.0.0.1:9100``, is used in place of one in this process.
    """

    def __init__(self, files: Sequence[SpecFile], *, written: bool = False, elsewhere: str = "") -> None:
        self._files = files
        self._written = written
        self._elsewhere = elsewhere.rstrip("/").removesuffix("/v1")
        self._stack = AsyncExitStack()
        self._server: OpenAIServer | None = None

    def environ(self, agent: str) -> dict[str, str]:
        """The variables that point ``agent``'s OpenAI services at the mock server."""
        url = f"{self._elsewhere}/{agent}/v1" if self._server is None else self._server.url_for(agent)
        return {"OPENAI_API_KEY": "offline", "OPENAI_BASE_URL": url}

    async def __aenter__(self) -> Self:
        if self._elsewhere:
            return self
        loaded = (
            engines.Engines(SilentEngine(), SilentEngine()) if self._written else await engines.load_offline()
        )
        brain = Rehearsal([file.spec for file in self._files])
        self._server = OpenAIServer(loaded.hearing, loaded.voice, brain)
        await self._stack.enter_async_context(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
