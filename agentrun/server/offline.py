"""``--offline``: the stand-in for OpenAI, and the environment that points the services at it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from agentrun.simulate import engines
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.rehearsal import Rehearsal
from agentrun.simulate.silence import Silence
from agentrun.spec.file import SpecFile


class Offline:
    """Runs the stand-in on a loopback port while the block runs; its models are warm when it begins.

    For ``written`` conversations no engine is loaded that hears or speaks.
    """

    def __init__(self, files: Sequence[SpecFile], *, written: bool = False) -> None:
        self._files = files
        self._written = written
        self._stack = AsyncExitStack()
        self._server: OpenAIServer | None = None

    def environ(self, agent: str) -> dict[str, str]:
        """The variables that point ``agent``'s OpenAI services at the stand-in."""
        assert self._server is not None  # noqa: S101
        return {"OPENAI_API_KEY": "offline", "OPENAI_BASE_URL": self._server.url_for(agent)}

    async def __aenter__(self) -> Self:
        loaded = engines.Engines(Silence(), Silence()) if self._written else await engines.load_offline()
        brain = Rehearsal([file.spec for file in self._files])
        self._server = OpenAIServer(loaded.hearing, loaded.voice, brain)
        await self._stack.enter_async_context(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
