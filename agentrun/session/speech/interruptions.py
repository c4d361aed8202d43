"""Interruptions of the agent: when they happened, and whether by speech or by noise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipecat.services.llm_service import LLMService

from agentrun.pipeline import pipecat_private

_NOISE_SECONDS = 1.0
"""How long to listen to what cut off important words, to tell a voice from a noise."""


class Interruptions:
    """Counts the interruptions of one call, except for noises.

    ``spoke_since`` says whether there is speech in the caller's sound since a time, where somebody listens.
    While words are heard that are said again (``insists``), tools of ``llm`` work on until that is known.
    Only what the server takes for a turn may be noise: keys and written words are the caller's.
    """

    def __init__(
        self, llm: object, spoke_since: Callable[[float], bool] | None, insists: Callable[[], bool] = bool
    ) -> None:
        self._llm, self._spoke_since = llm, spoke_since
        self._insists = insists
        self._cuts: list[tuple[float, bool]] = []
        self._tools: pipecat_private.ToolCancellations | None = None
        if spoke_since and isinstance(llm, LLMService):
            self._tools = pipecat_private.ToolCancellations(llm, lambda: self._insists() and self._is_told())

    @property
    def count(self) -> int:
        """The number of interruptions."""
        return len(self._cuts)

    def note(self) -> None:
        """What is being said is dropped now."""
        self._cuts.append((asyncio.get_running_loop().time(), self._is_told()))

    def forget(self, before: int) -> None:
        """Those behind the first ``before`` count no more."""
        del self._cuts[before:]

    async def was_noise(self, before: int) -> bool:
        """Whether nobody spoke at what came behind the first ``before``; a turn of theirs is over then."""
        since, told = self._cuts[before]
        if self._spoke_since is None or not told:
            return False
        await asyncio.sleep(since + _NOISE_SECONDS - asyncio.get_running_loop().time())
        was_noise = not self._spoke_since(since)
        if self._tools:
            self._tools.settle(was_noise=was_noise)
        if was_noise:
            await pipecat_private.realtime_end_half_turn(self._llm)
        return was_noise

    def _is_told(self) -> bool:
        """Whether the model's server says that the caller speaks, or did a moment ago."""
        events, now = pipecat_private.session_events(self._llm), asyncio.get_running_loop().time()
        return events is not None and (events.caller_speaks or now - events.caller_began_at < _NOISE_SECONDS)
