"""Transfers of the caller: one at a time, whoever requests it."""

from __future__ import annotations

import asyncio

from agentrun.errors import ToolError
from agentrun.records import CallRecord
from agentrun.spec.models.on_fault import OnFault
from agentrun.transports.connection import Control

TRANSFER_SECONDS = 8.0
"""How long the telephone company may take to accept a transfer."""
_DEPARTURE_SECONDS = 6.0
TRANSFERRED = "the agent transferred the caller"
"""The reason in the record of a transferred call."""
PUT_THROUGH = "the caller was put through"
"""The same, after why the agent could not go on."""
NO_TELEPHONE = "That can't be done: the caller is not on a telephone. Say so, and go on yourself."
UNDER_WAY = "The caller is being transferred already. Do not transfer them again."


class Transfers:
    """Transfers the caller of one call with ``control``, which is None if there is no telephone."""

    def __init__(self, control: Control | None) -> None:
        self._control = control
        self._under_way: asyncio.Task[None] | None = None
        self._taken = False
        self._may_return = bool(control and control.brings_back)

    async def to(self, number: str, words: str = "", language: str = "en") -> None:
        """Transfer the caller to ``number``, after ``words`` in the telephone company's own voice.

        The telephone company's word counts, also where nobody waits for it any more: it may have taken them.
        Raises ToolError where that can't be done, or another transfer is under way.
        """
        if self._control is None:
            raise ToolError(NO_TELEPHONE)
        if self._under_way:
            raise ToolError(UNDER_WAY)
        self._under_way = asyncio.create_task(self._control.transfer(number, words, language))
        self._under_way.add_done_callback(self._is_settled)
        await asyncio.shield(self._under_way)

    def _is_settled(self, transfer: asyncio.Task[None]) -> None:
        self._under_way = None
        if not transfer.cancelled() and transfer.exception() is None:  # who asked has it, or asks no more
            self._taken = True

    @property
    def may_return(self) -> bool:
        """Whether the caller was transferred and comes back if nobody answers."""
        return self._taken and self._may_return

    async def settled(self) -> bool:
        """After the caller has left: wait for a transfer under way; returns whether one succeeded."""
        if self._under_way:
            await asyncio.wait({self._under_way}, timeout=_DEPARTURE_SECONDS)
        return self._taken

    def close(self) -> None:
        """Stop waiting for the telephone company, at the end of the call."""
        if self._under_way:
            self._under_way.cancel()

    async def put_through(
        self, fallback: OnFault | None, language: str, record: CallRecord, within: float = TRANSFER_SECONDS
    ) -> bool:
        """Hand the caller to whom the spec names for a fault; whether the telephone company has taken them.

        It has ``within`` seconds to say so. Why it has not stands in the errors of ``record``.
        """
        if fallback is None or self._control is None:
            return False
        handing_on = self.to(fallback.transfer, fallback.say or "", language)
        try:
            await asyncio.wait_for(handing_on, min(within, TRANSFER_SECONDS))
        except (ToolError, TimeoutError) as error:
            record.errors.append(f"not_put_through: {str(error) or 'no answer in time'}")
            return False
        record.reason += f"; {PUT_THROUGH}"
        return True
